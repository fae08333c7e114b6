// The weights of a group of an input's list, which are values of units' lists.
fn weights_of_input(group: u32) -> vec4f {
  let slots = record(group, 1u);
  return vec4f(value_at(slots.x), value_at(slots.y), value_at(slots.z), value_at(slots.w));
}

fn value_at(slot: u32) -> f32 {
  let group = slot / 4u;
  let four = load_values(group / LIST_WIDTH, group % LIST_WIDTH);
  let low = select(four.x, four.y, (slot & 1u) == 1u);
  let high = select(four.z, four.w, (slot & 1u) == 1u);
  return select(low, high, (slot & 2u) == 2u);
}
