// A pair of an input's list: rows of the units that it feeds, and the weights, values of units'
// lists.

fn rows_of_pair(index: u32) -> vec2u {
  return pair(index).xz;
}

fn weights_of_pair(index: u32) -> vec2f {
  let slots = pair(index).yw;
  return vec2f(value_at(slots.x), value_at(slots.y));
}

fn value_at(slot: u32) -> f32 {
  let group = slot / 4u;
  let four = load_values(group / LIST_WIDTH, group % LIST_WIDTH);
  let low = select(four.x, four.y, (slot & 1u) == 1u);
  let high = select(four.z, four.w, (slot & 1u) == 1u);
  return select(low, high, (slot & 2u) == 2u);
}
