// The maximum or mean of each window of each channel of an image.
//
//   inputs   (R, rows, IN_PIXELS · VECTORS)   images, their channels four to a vec4
//   outputs  (R, rows, OUT_PIXELS · VECTORS)  then, where a dense layer takes them, a 1
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. A NaN passes, so that
// a diverged network is seen as one. One invocation per vec4 of the output. Grid: (OUT_PIXELS ·
// VECTORS / LANES, rows, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = group.x * LANES + lane;
  let row = group.z * groups.y + group.y;
  if (item < OUT_PIXELS * VECTORS) {
    let pixel = item / VECTORS;
    let y = pixel / OUT_WIDTH * STRIDE_Y;
    let x = pixel % OUT_WIDTH * STRIDE_X;
    let first = (y * IN_WIDTH + x) * VECTORS + item % VECTORS;
    var result = load_inputs(row, first);
    for (var i = 1u; i < HEIGHT * WIDTH; i++) {
      let value = load_inputs(row, first + (i / WIDTH * IN_WIDTH + i % WIDTH) * VECTORS);
#for unused in IS_MAX
      result = select(result, value, !(value <= result) & (result == result));
#end
#for unused in IS_MEAN
      result += value;
#end
    }
#for unused in IS_MEAN
    result /= f32(HEIGHT * WIDTH);
#end
    store_outputs(row, item, result);
  }
#for unused in HAS_ONES
  if (item == OUT_PIXELS * VECTORS) {
    store_outputs(row, item, vec4f(1.0, 0.0, 0.0, 0.0));
  }
#end
}
