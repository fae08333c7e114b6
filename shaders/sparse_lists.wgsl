// Lists of live weights (src/engine/sparse_layout.ts), four entries to a group.
//
//   records  vec4u: (first, end) of each list; from RECORDS on
//            two for each group of the lists of units: rows of inputs; unit, replica, entries,
//            layer
//            one for each pair of the lists of inputs: unit, slot of its value, unit, slot
//   values   vec4f for each group of the lists of units; slot s is component s % 4 of group s / 4
//
// Both lie in rows of LIST_WIDTH vec4s and are reached through engine/kernels/matrix.ts.

// The (first, end) of list `list` of a replica, where a replica has `lists` and replica 0's begin
// at `start`: groups of a list of units, pairs of a list of inputs.
fn range_of(start: u32, lists: u32, replica: u32, list: u32) -> vec2u {
  let at = start + replica * lists + list;
  return load_records(at / LIST_WIDTH, at % LIST_WIDTH).xy;
}

// Vec4 `which` of a group's record.
fn record(group: u32, which: u32) -> vec4u {
  let at = RECORDS + 2u * group + which;
  return load_records(at / LIST_WIDTH, at % LIST_WIDTH);
}

fn pair(index: u32) -> vec4u {
  let at = RECORDS + index;
  return load_records(at / LIST_WIDTH, at % LIST_WIDTH);
}
