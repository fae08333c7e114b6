// The weights of a group of a unit's list.
fn weights_of(group: u32) -> vec4f {
  return load_values(group / LIST_WIDTH, group % LIST_WIDTH);
}
