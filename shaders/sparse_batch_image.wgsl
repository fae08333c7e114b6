// The batch of a network that takes images: with zeros around them
// (src/engine/kernels/sparse/feature_maps.ts). The last word may have features that there are not.
fn store_feature(tile: u32, feature: u32, column: u32, value: vec4f) {
  if (feature < FEATURES) {
    let pixel = feature / IMAGE_CHANNELS;
    let first = ((pixel / IMAGE_WIDTH + TOP) * PITCH + pixel % IMAGE_WIDTH + LEFT) * IMAGE_CHANNELS;
    store_batch(tile * ROWS + first + feature % IMAGE_CHANNELS, column, value);
  }
}
