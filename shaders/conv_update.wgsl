// Updates the masked weights of a convolution: adds the slices of their gradients
// (conv_weight_gradient.wgsl), in order, and applies the optimizer.
//
//   partials  (R, SLICES, 4 · K_VECTORS, OUT_VECTORS)  sums over the examples of each slice
//   mask      (R, K_PITCH, words)                      bit c of a row: weight c is live
//   weights   (R, K_PITCH, 4 · COLUMN_VECTORS)         in and out, as in conv_forward.wgsl
//   clocks    (R)                                      Clock (common.wgsl)
//   first, second moment                               as the optimizer needs (optimizer_*.wgsl)
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. A masked weight is
// written as it was. One invocation per vec4 of the gradient; of an image of less than four
// channels, DEPTH of each four rows are weights. Grid: (K_VECTORS · DEPTH · OUT_VECTORS / LANES, 1,
// R).

@group(0) @binding(4) var<storage, read> clocks: array<Clock>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = group.x * LANES + lane;
  let replica = group.z;
  let column = item % OUT_VECTORS;
  let row = item / OUT_VECTORS / DEPTH * 4u + item / OUT_VECTORS % DEPTH;
  if (row >= 4u * K_VECTORS) {
    return;
  }
  var gradient = vec4f();
  for (var slice = 0u; slice < SLICES; slice++) {
    gradient += load_partials((replica * SLICES + slice) * 4u * K_VECTORS + row, column);
  }
  let weight_row = replica * K_PITCH + row;
  let word = load_mask_word(weight_row, column / 8u) >> (4u * (column % 8u));
  let live = (vec4u(word) & vec4u(1u, 2u, 4u, 8u)) != vec4u();
  let clock = clocks[replica];
  let decay = select(clock.decay, 0.0, row == 4u * TAPS * IN_VECTORS);  // biases do not decay
  let weight = load_weights(weight_row, column);
  let at = weight_row * COLUMN_VECTORS + column;
  store_weights(weight_row, column, update(at, weight, gradient, clock.rate, decay, live));
}
