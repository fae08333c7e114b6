// The maximum or mean of each window of each channel of an image, in dual numbers
// (dual_forward.wgsl): the tangent of a maximum is that of its place.
//
//   inputs   (ROWS, IN_HEIGHT, IN_WIDTH, CHANNELS)  dual
//   outputs  (ROWS, OUT_PIXELS, CHANNELS)           dual, out
//
// first_of_group() is that of dual_index.wgsl. Grid: groups of LANES for an invocation per output,
// in two dimensions.

@group(0) @binding(0) var<storage, read> inputs: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> outputs: array<vec2f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = first_of_group(group, groups) + lane;
  let pixel = index / CHANNELS % OUT_PIXELS;
  let row = index / CHANNELS / OUT_PIXELS;
  if (row >= ROWS) {
    return;
  }
  let y = row * IN_HEIGHT + pixel / OUT_WIDTH * STRIDE_Y;
  let x = pixel % OUT_WIDTH * STRIDE_X;
  let first = (y * IN_WIDTH + x) * CHANNELS + index % CHANNELS;
  var result = inputs[first];
  for (var i = 1u; i < HEIGHT * WIDTH; i++) {
    let value = inputs[first + (i / WIDTH * IN_WIDTH + i % WIDTH) * CHANNELS];
#for unused in IS_MAX
    result = select(result, value, value.x > result.x);
#end
#for unused in IS_MEAN
    result += value;
#end
  }
#for unused in IS_MEAN
  result /= f32(HEIGHT * WIDTH);
#end
  outputs[index] = result;
}
