// The steps of a sum: those that a list of nonzero.wgsl names for the tile.

@group(0) @binding(5) var<storage, read> lists: array<u32>;

fn step_count(tile: u32) -> u32 {
  return lists[tile * (STEPS + 1u)];
}

fn step_at(tile: u32, i: u32) -> u32 {
  return lists[tile * (STEPS + 1u) + 1u + i];
}
