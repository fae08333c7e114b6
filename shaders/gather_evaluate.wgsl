// Row positions for evaluation (see gather.wgsl): place_*.wgsl says which element of its split a
// row of a window is.

@group(0) @binding(6) var<uniform> window: Window;

fn row_position(row: u32, replica: u32) -> u32 {
  let position = position_of(row, replica);
  if (position >= window.end) {
    return NO_LABEL;
  }
  if (window.pool == 0u) {
    return position;
  }
  return pool_example(position, replica);
}

// A window is one batch.
fn replica_of(z: u32) -> u32 {
  return z;
}

fn batch_of(replica: u32) -> u32 {
  return replica;
}
