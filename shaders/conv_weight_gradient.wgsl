// Weight gradient of a convolution, in slices of the batch: each weight sums, over the examples of
// a slice and the pixels of the output, the input under its tap times the delta of its filter.
// conv_update.wgsl adds the slices.
//
//   inputs    (R, BATCH_ROWS, IN_PIXELS · IN_VECTORS)    images, their channels four to a vec4
//   deltas    (R, BATCH_ROWS, OUT_PIXELS · OUT_VECTORS)  gradient at this layer's pre-activations
//   partials  (R, SLICES, 4 · K_VECTORS, OUT_VECTORS)    out
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. A convolution has few
// weights, each of which sums much: the slices, SLICE examples each, give a GPU enough to do at
// once. An invocation computes K_TILE vec4s of rows (K_VECTORS in all: each tap's channels, then
// the biases, whose input is a constant 1) × 4·VECTORS columns of one slice; of an image of less
// than four channels, DEPTH of the four rows. Lanes differ in their rows, then columns, then
// slices. Each sum is one fma chain over examples, then pixels. Grid: (K_TILES · GROUPS · SLICES /
// LANES, 1, R).

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = group.x * LANES + lane;
  let k = min(item % K_TILES * K_TILE, K_VECTORS - K_TILE);
  let column = min(item / K_TILES % GROUPS * VECTORS, OUT_VECTORS - VECTORS);
  let slice = item / (K_TILES * GROUPS);
  let replica = group.z;
#for i in K_TILE
  let is_bias_${i} = k + ${i}u == TAPS * IN_VECTORS;
  let tap_${i} = (k + ${i}u) / IN_VECTORS;
  let vector_${i} = (k + ${i}u) % IN_VECTORS;
  // Numbers below 0 wrap, and are beyond the image too.
  let first_y_${i} = tap_${i} / KERNEL_WIDTH - PAD_TOP;
  let first_x_${i} = tap_${i} % KERNEL_WIDTH - PAD_LEFT;
#for j in DEPTH
#for v in VECTORS
  var acc_${i}_${j}_${v} = vec4f();
#end
#end
#end
  // None in the lanes past the last slice.
  let end = min((slice + 1u) * SLICE, BATCH);
  for (var example = slice * SLICE; example < end; example++) {
    let row = replica * BATCH_ROWS + example;
    for (var out_y = 0u; out_y < OUT_HEIGHT; out_y++) {
#for i in K_TILE
      let y_${i} = first_y_${i} + out_y * STRIDE_Y;
      let inside_y_${i} = !is_bias_${i} & ((IS_PADDED == 0u) | (y_${i} < IN_HEIGHT));
      let image_row_${i} = y_${i} * IN_WIDTH;
#end
      for (var out_x = 0u; out_x < OUT_WIDTH; out_x += UNROLL) {
        let delta = (out_y * OUT_WIDTH + out_x) * OUT_VECTORS + column;
#for u in UNROLL
#for v in VECTORS
        let d_${u}_${v} = load_deltas(row, delta + ${u}u * OUT_VECTORS + ${v}u);
#end
#end
#for i in K_TILE
#for u in UNROLL
        let x_${u}_${i} = first_x_${i} + (out_x + ${u}u) * STRIDE_X;
        let inside_${u}_${i} = inside_y_${i} & ((IS_PADDED == 0u) | (x_${u}_${i} < IN_WIDTH));
        let at_${u}_${i} = (image_row_${i} + x_${u}_${i}) * IN_VECTORS + vector_${i};
        let loaded_${u}_${i} = load_inputs(row, select(0u, at_${u}_${i}, inside_${u}_${i}));
        let beside_${u}_${i} = vec4f(select(0.0, 1.0, is_bias_${i}), 0.0, 0.0, 0.0);
        let in_${u}_${i} = select(beside_${u}_${i}, loaded_${u}_${i}, inside_${u}_${i});
#end
#for j in DEPTH
#for v in VECTORS
#for u in UNROLL
        acc_${i}_${j}_${v} = fma(vec4f(in_${u}_${i}[${j}]), d_${u}_${v}, acc_${i}_${j}_${v});
#end
#end
#end
#end
      }
    }
  }
  // The last tile along either axis is shifted back and repeats some of the one before.
  if (slice < SLICES) {
    let first_row = ((replica * SLICES + slice) * K_VECTORS + k) * 4u;
#for i in K_TILE
#for j in DEPTH
#for v in VECTORS
    store_partials(first_row + 4u * ${i}u + ${j}u, column + ${v}u, acc_${i}_${j}_${v});
#end
#end
#end
  }
}
