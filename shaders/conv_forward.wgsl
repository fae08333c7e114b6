// Masked convolution with bias and activation, as an implicit matmul: forward.wgsl whose inputs
// at step k are those under tap k of the kernel. No matrix of them is stored.
//
//   inputs   (R, rows, IN_PIXELS · IN_VECTORS)      images, their channels four to a vec4
//   weights  (R, K_PITCH, columns)                  a row for each tap and (padded) channel,
//                                                   pruned weights 0; then biases, then zeros
//   outputs  (R, rows, OUT_PIXELS · OUT_VECTORS)    then, where a dense layer takes them, a 1
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. An invocation
// computes one pixel of ROWS examples, 4·VECTORS filters of it; its lanes differ in their pixels,
// then filters. Each output is one fma chain over taps and channels in their order; taps beside the
// image add 0. Of an image of less than four channels only DEPTH are multiplied. Grid: (OUT_PIXELS
// · GROUPS / LANES, rows / ROWS, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = group.x * LANES + lane;
  let pixel = item % OUT_PIXELS;
  let column = min(item / OUT_PIXELS * VECTORS, OUT_VECTORS - VECTORS);
  let row = (group.z * groups.y + group.y) * ROWS;
  let first_y = pixel / OUT_WIDTH * STRIDE_Y;
  let first_x = pixel % OUT_WIDTH * STRIDE_X;
#for r in ROWS
#for v in VECTORS
  var acc_${r}_${v} = vec4f();
#end
#end
  var weight_row = group.z * K_PITCH;
  for (var tap = 0u; tap < TAPS; tap++) {
    // Numbers below 0 wrap, and are beyond the image too.
    let y = first_y + tap / KERNEL_WIDTH - PAD_TOP;
    let x = first_x + tap % KERNEL_WIDTH - PAD_LEFT;
    let inside = (IS_PADDED == 0u) | ((y < IN_HEIGHT) & (x < IN_WIDTH));
    let first = select(0u, (y * IN_WIDTH + x) * IN_VECTORS, inside);
    for (var k = 0u; k < IN_VECTORS; k++) {
#for j in DEPTH
#for v in VECTORS
      let w_${j}_${v} = load_weights(weight_row + ${j}u, column + ${v}u);
#end
#end
#for r in ROWS
      let x_${r} = select(vec4f(), load_inputs(row + ${r}u, first + k), inside);
#for v in VECTORS
#for j in DEPTH
      acc_${r}_${v} = fma(vec4f(x_${r}[${j}]), w_${j}_${v}, acc_${r}_${v});
#end
#end
#end
      weight_row += 4u;
    }
  }
  // The last group of columns is shifted back and repeats some of the one before.
  if (item < OUT_PIXELS * GROUPS) {
#for v in VECTORS
    let bias_${v} = load_weights(weight_row, column + ${v}u);
    let real_${v} = vec4u(4u * (column + ${v}u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(FILTERS);
#for r in ROWS
    store_outputs(
      row + ${r}u,
      pixel * OUT_VECTORS + column + ${v}u,
      select(vec4f(), activate(acc_${r}_${v} + bias_${v}), real_${v}),
    );
#end
#end
  }
#for unused in HAS_ONES
  if (item == 0u) {
#for r in ROWS
    store_outputs(row + ${r}u, OUT_PIXELS * OUT_VECTORS, vec4f(1.0, 0.0, 0.0, 0.0));
#end
  }
#end
}
