// A group of a unit's list: rows of its inputs and their weights.

fn rows_of_group(group: u32) -> vec4u {
  return record(group, 0u);
}

fn weights_of_group(group: u32) -> vec4f {
  return load_values(group / LIST_WIDTH, group % LIST_WIDTH);
}
