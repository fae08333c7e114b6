// Gradient of the loss with respect to the pre-activations of the layer below a convolution: each
// pixel sums the deltas of the outputs that it has a part in, times the weights between them, and
// multiplies by activation'(output of the layer below).
//
//   deltas       (R, rows, OUT_PIXELS · OUT_VECTORS)  gradient at this layer's pre-activations
//   weights      (R, K_PITCH, columns)                as in conv_forward.wgsl
//   activations  (R, rows, IN_PIXELS · IN_VECTORS)    this layer's inputs
//   below        (R, rows, IN_PIXELS · IN_VECTORS)    out
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. An invocation
// computes one pixel of ROWS examples, 4·VECTORS channels of it. With a stride, a pixel is under
// every STRIDE-th tap only: these REACH taps are gone through, but those of no output. Grid:
// (IN_PIXELS · GROUPS / LANES, rows / ROWS, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = group.x * LANES + lane;
  let pixel = item % IN_PIXELS;
  let column = min(item / IN_PIXELS * VECTORS, IN_VECTORS - VECTORS);
  let row = (group.z * groups.y + group.y) * ROWS;
  let y = pixel / IN_WIDTH + PAD_TOP;
  let x = pixel % IN_WIDTH + PAD_LEFT;
#for r in ROWS
#for v in VECTORS
  var acc_${r}_${v} = vec4f();
#end
#end
  for (var i = 0u; i < REACH_Y * REACH_X; i++) {
    let step_y = i / REACH_X;
    let step_x = i % REACH_X;
    let tap_y = y % STRIDE_Y + step_y * STRIDE_Y;
    let tap_x = x % STRIDE_X + step_x * STRIDE_X;
    // Numbers below 0 wrap, and are beyond the image too.
    let out_y = y / STRIDE_Y - step_y;
    let out_x = x / STRIDE_X - step_x;
    let inside = (tap_y < KERNEL_HEIGHT) & (tap_x < KERNEL_WIDTH) &
      (out_y < OUT_HEIGHT) & (out_x < OUT_WIDTH);
    let first = (out_y * OUT_WIDTH + out_x) * OUT_VECTORS;
    let tap = tap_y * KERNEL_WIDTH + tap_x;
    let weight_row = group.z * K_PITCH + 4u * (tap * IN_VECTORS + column);
    // A loop of no steps beside the output: a processor's vector lanes would go through an `if`.
    for (var n = select(OUT_VECTORS, 0u, inside); n < OUT_VECTORS; n++) {
#for v in VECTORS
#for c in 4
      let w_${v}_${c} = load_weights(weight_row + 4u * ${v}u + ${c}u, n);
#end
#for j in 4
      let t_${v}_${j} = vec4f(w_${v}_0[${j}], w_${v}_1[${j}], w_${v}_2[${j}], w_${v}_3[${j}]);
#end
#end
#for r in ROWS
      let d_${r} = load_deltas(row + ${r}u, first + n);
#for v in VECTORS
#for j in 4
      acc_${r}_${v} = fma(vec4f(d_${r}[${j}]), t_${v}_${j}, acc_${r}_${v});
#end
#end
#end
    }
  }
  if (item < IN_PIXELS * GROUPS) {
#for v in VECTORS
    let at_${v} = pixel * IN_VECTORS + column + ${v}u;
#for r in ROWS
    store_below(
      row + ${r}u,
      at_${v},
      acc_${r}_${v} * derivative(load_activations(row + ${r}u, at_${v})),
    );
#end
#end
  }
}
