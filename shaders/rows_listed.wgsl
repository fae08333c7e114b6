// The batch rows that a tile of the weight gradient adds up: those of nonzero_rows.wgsl.

@group(0) @binding(5) var<storage, read> lists: array<u32>;

fn row_count(tile: u32) -> u32 {
  return lists[tile * (BATCH_ROWS + 1u)];
}

fn batch_row(tile: u32, i: u32) -> u32 {
  return lists[tile * (BATCH_ROWS + 1u) + 1u + i];
}
