// The batch of a network that begins with a dense layer: row k is feature k.
fn store_feature(tile: u32, feature: u32, column: u32, value: vec4f) {
  store_batch(tile * ROWS + feature, column, value);
}
