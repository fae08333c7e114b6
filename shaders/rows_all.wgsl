// The batch rows that a tile of the weight gradient adds up: all of them.

fn row_count(tile: u32) -> u32 {
  return BATCH_ROWS;
}

fn batch_row(tile: u32, i: u32) -> u32 {
  return i;
}
