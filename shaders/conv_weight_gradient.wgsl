// Masked weight gradient of a convolution with the optimizer's update as its epilogue
// (weight_gradient.wgsl): each weight sums, over the examples of the batch and the pixels of the
// output, the input under its tap times the delta of its filter.
//
//   inputs    (R, BATCH_ROWS, IN_PIXELS · IN_VECTORS)    images, their channels four to a vec4
//   deltas    (R, BATCH_ROWS, OUT_PIXELS · OUT_VECTORS)  gradient at this layer's pre-activations
//   weights   (R, K_PITCH, 4 · COLUMN_VECTORS)           in and out, as in conv_forward.wgsl
//   mask      (R, K_PITCH, words)                        bit c of a row: weight c is live
//   clocks    (R)                                        Clock (common.wgsl)
//   first, second moment                                 as the optimizer needs (optimizer_*.wgsl)
//
// The matrices are reached through the functions of src/engine/matrix.ts. An invocation computes
// one vec4 of rows (K_VECTORS in all: each tap's channels, then the biases, whose input is a
// constant 1) × 4·VECTORS columns; of an image of less than four channels, DEPTH of the four rows.
// Lanes differ in their rows, then columns. Each gradient is one fma chain over examples, then
// pixels. A masked weight is written as it was. Grid: (K_VECTORS · GROUPS / LANES, 1, R).

@group(0) @binding(4) var<storage, read> clocks: array<Clock>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = group.x * LANES + lane;
  let k = item % K_VECTORS;
  let first_column = item / K_VECTORS * VECTORS;
  let column = min(first_column, OUT_VECTORS - VECTORS);
  let replica = group.z;
  let is_bias = k == TAPS * IN_VECTORS;
  let tap = k / IN_VECTORS;
  // Numbers below 0 wrap, and are beyond the image too.
  let first_y = tap / KERNEL_WIDTH - PAD_TOP;
  let first_x = tap % KERNEL_WIDTH - PAD_LEFT;
#for j in DEPTH
#for v in VECTORS
  var acc_${j}_${v} = vec4f();
#end
#end
  for (var example = 0u; example < BATCH_ROWS; example++) {
    let row = replica * BATCH_ROWS + example;
    for (var out_y = 0u; out_y < OUT_HEIGHT; out_y++) {
      let y = first_y + out_y * STRIDE_Y;
      let inside_y = (IS_PADDED == 0u) | (y < IN_HEIGHT);
      let image_row = y * IN_WIDTH;
      for (var out_x = 0u; out_x < OUT_WIDTH; out_x += UNROLL) {
        let delta = (out_y * OUT_WIDTH + out_x) * OUT_VECTORS + column;
#for u in UNROLL
#for v in VECTORS
        let d_${u}_${v} = load_deltas(row, delta + ${u}u * OUT_VECTORS + ${v}u);
#end
        let x_${u} = first_x + (out_x + ${u}u) * STRIDE_X;
        let inside_${u} = inside_y & ((IS_PADDED == 0u) | (x_${u} < IN_WIDTH));
        let at_${u} = (image_row + x_${u}) * IN_VECTORS + k % IN_VECTORS;
        let loaded_${u} = load_inputs(row, select(0u, at_${u}, inside_${u} & !is_bias));
        let in_${u} = select(
          select(vec4f(), loaded_${u}, inside_${u}),
          vec4f(1.0, 0.0, 0.0, 0.0),
          is_bias,
        );
#end
#for j in DEPTH
#for v in VECTORS
#for u in UNROLL
        acc_${j}_${v} = fma(vec4f(in_${u}[${j}]), d_${u}_${v}, acc_${j}_${v});
#end
#end
#end
      }
    }
  }
  // Through an array, as in weight_gradient.wgsl.
  var tile: array<vec4f, ${TILE}>;
#for j in DEPTH
#for v in VECTORS
  tile[${j}u * VECTORS + ${v}u] = acc_${j}_${v};
#end
#end
  let clock = clocks[replica];
  for (var t = 0u; t < TILE; t++) {
    let weight_row = replica * K_PITCH + 4u * k + t / VECTORS;
    let c = column + t % VECTORS;
    // The last group of columns is shifted back: its overlap belongs to the group before it.
    if (item < K_VECTORS * GROUPS && c >= first_column) {
      let word = load_mask_word(weight_row, c / 8u) >> (4u * (c % 8u));
      let live = (vec4u(word) & vec4u(1u, 2u, 4u, 8u)) != vec4u();
      let decay = select(clock.decay, 0.0, is_bias);  // biases do not decay
      let weight = load_weights(weight_row, c);
      let at = weight_row * COLUMN_VECTORS + c;
      store_weights(weight_row, c, update(at, weight, tile[t], clock.rate, decay, live));
    }
  }
}
