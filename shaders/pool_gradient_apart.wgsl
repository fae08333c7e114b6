// pool_gradient.wgsl for a maximum of windows that do not overlap: one invocation finds a window's
// maximum again, and writes the gradients of the window and of the pixels up to the next one.
//
//   inputs  (R, rows, IN_PIXELS · VECTORS)   the pool's inputs
//   deltas  (R, rows, OUT_PIXELS · VECTORS)  gradient at its outputs
//   below   (R, rows, IN_PIXELS · VECTORS)   out; may be the memory of inputs
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. The image is cut into
// blocks of STRIDE_Y × STRIDE_X pixels, BLOCKS_Y · BLOCKS_X in all, each of which begins with a
// window but where none fits. The first of equal maxima counts, row by row; where a NaN is the
// maximum, the first pixel does. Grid: (BLOCKS_Y · BLOCKS_X · VECTORS / LANES, rows, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = group.x * LANES + lane;
  let row = group.z * groups.y + group.y;
  if (item >= BLOCKS_Y * BLOCKS_X * VECTORS) {
    return;
  }
  let block = item / VECTORS;
  let channel = item % VECTORS;
  let out_y = block / BLOCKS_X;
  let out_x = block % BLOCKS_X;
  let has_window = (out_y < OUT_HEIGHT) & (out_x < OUT_WIDTH);
  let y = out_y * STRIDE_Y;
  let x = out_x * STRIDE_X;
  let first = y * IN_WIDTH + x;
  var delta = vec4f();
  var maximum = load_inputs(row, first * VECTORS + channel);
  if (has_window) {
    delta = load_deltas(row, (out_y * OUT_WIDTH + out_x) * VECTORS + channel);
    for (var i = 1u; i < HEIGHT * WIDTH; i++) {
      let pixel = first + i / WIDTH * IN_WIDTH + i % WIDTH;
      let value = load_inputs(row, pixel * VECTORS + channel);
      maximum = select(maximum, value, !(value <= maximum) & (maximum == maximum));
    }
  }
  var is_found = vec4<bool>(!has_window);
  for (var i = 0u; i < STRIDE_Y * STRIDE_X; i++) {
    let down = i / STRIDE_X;
    let right = i % STRIDE_X;
    if ((y + down < IN_HEIGHT) & (x + right < IN_WIDTH)) {
      let at = (first + down * IN_WIDTH + right) * VECTORS + channel;
      let own = load_inputs(row, at);
      let is_inside = (down < HEIGHT) & (right < WIDTH);
      let is_maximum = vec4<bool>(is_inside) & !(own < maximum) & !is_found;
      is_found = is_found | is_maximum;
      store_below(row, at, select(vec4f(), delta, is_maximum) * derivative(own));
    }
  }
}
