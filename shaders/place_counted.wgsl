// Where a row of an evaluation window lies in its split: one after the other.

fn position_of(row: u32, replica: u32) -> u32 {
  return window.first + row;
}
