// Where a row of an evaluation window lies in its split: as a list says, (R, ROWS); NO_LABEL where
// there is no example.

@group(0) @binding(7) var<storage, read> places: array<u32>;

fn position_of(row: u32, replica: u32) -> u32 {
  return places[replica * ROWS + row];
}
