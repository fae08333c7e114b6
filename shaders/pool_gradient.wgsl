// Gradient of the loss with respect to the pre-activations of the layer below a pool: each pixel
// sums the deltas of the windows of which it is the maximum (the first of equals, row by row), or
// its share of the mean, and multiplies by activation'(output of the layer below).
//
//   inputs  (R, rows, IN_PIXELS · VECTORS)   the pool's inputs
//   deltas  (R, rows, OUT_PIXELS · VECTORS)  gradient at its outputs
//   below   (R, rows, IN_PIXELS · VECTORS)   out
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. Where the maximum was
// is found again rather than stored. Windows are summed row by row. One invocation per vec4 of the
// input. Grid: (IN_PIXELS · VECTORS / LANES, rows, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = group.x * LANES + lane;
  let row = group.z * groups.y + group.y;
  if (item >= IN_PIXELS * VECTORS) {
    return;
  }
  let pixel = item / VECTORS;
  let channel = item % VECTORS;
  let y = pixel / IN_WIDTH;
  let x = pixel % IN_WIDTH;
  let own = load_inputs(row, item);
  // The windows that hold the pixel.
  let first_y = (max(y + 1u, HEIGHT) - HEIGHT + STRIDE_Y - 1u) / STRIDE_Y;
  let first_x = (max(x + 1u, WIDTH) - WIDTH + STRIDE_X - 1u) / STRIDE_X;
  let end_y = min(y / STRIDE_Y + 1u, OUT_HEIGHT);
  let end_x = min(x / STRIDE_X + 1u, OUT_WIDTH);
  var sum = vec4f();
  for (var out_y = first_y; out_y < end_y; out_y++) {
    for (var out_x = first_x; out_x < end_x; out_x++) {
      let delta = load_deltas(row, (out_y * OUT_WIDTH + out_x) * VECTORS + channel);
#for unused in IS_MAX
      let corner = out_y * STRIDE_Y * IN_WIDTH + out_x * STRIDE_X;
      var is_first = vec4<bool>(true);
      for (var i = 0u; i < HEIGHT; i++) {
#for j in WIDTH
        let other_${j} = corner + i * IN_WIDTH + ${j}u;
        let value_${j} = load_inputs(row, other_${j} * VECTORS + channel);
        let earlier_${j} = vec4<bool>(other_${j} < pixel);
        let beats_${j} = select(value_${j} > own, value_${j} >= own, earlier_${j});
        is_first = is_first & !beats_${j};
#end
      }
      sum += select(vec4f(), delta, is_first);
#end
#for unused in IS_MEAN
      sum += delta / f32(HEIGHT * WIDTH);
#end
    }
  }
  store_below(row, item, sum * derivative(own));
}
