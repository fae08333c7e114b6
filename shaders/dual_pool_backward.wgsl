// Gradient at the pre-activations of the layer below a pool, in dual numbers (pool_gradient.wgsl,
// dual_backward.wgsl).
//
//   deltas       (ROWS, OUT_HEIGHT, OUT_WIDTH, CHANNELS)  dual: gradient at the pool's outputs
//   activations  (ROWS, IN_HEIGHT, IN_WIDTH, CHANNELS)    dual: the pool's inputs
//   below        (ROWS, IN_HEIGHT, IN_WIDTH, CHANNELS)    dual, out
//
// derivative() and curvature() are those of the layer below (activation_*.wgsl), first_of_group()
// of dual_index.wgsl. Grid: groups of LANES for an invocation per input, in two dimensions.

@group(0) @binding(0) var<storage, read> deltas: array<vec2f>;
@group(0) @binding(1) var<storage, read> activations: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> below: array<vec2f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = first_of_group(group, groups) + lane;
  let channel = index % CHANNELS;
  let pixel = index / CHANNELS % IN_PIXELS;
  let row = index / CHANNELS / IN_PIXELS;
  if (row >= ROWS) {
    return;
  }
  let y = pixel / IN_WIDTH;
  let x = pixel % IN_WIDTH;
  let a = activations[index];
  // The windows that hold the pixel.
  let first_y = (max(y + 1u, HEIGHT) - HEIGHT + STRIDE_Y - 1u) / STRIDE_Y;
  let first_x = (max(x + 1u, WIDTH) - WIDTH + STRIDE_X - 1u) / STRIDE_X;
  let end_y = min(y / STRIDE_Y + 1u, OUT_HEIGHT);
  let end_x = min(x / STRIDE_X + 1u, OUT_WIDTH);
  var sum = vec2f();
  for (var out_y = first_y; out_y < end_y; out_y++) {
    for (var out_x = first_x; out_x < end_x; out_x++) {
      let delta = deltas[((row * OUT_HEIGHT + out_y) * OUT_WIDTH + out_x) * CHANNELS + channel];
#for unused in IS_MAX
      let corner = out_y * STRIDE_Y * IN_WIDTH + out_x * STRIDE_X;
      var is_first = true;
      for (var i = 0u; i < HEIGHT * WIDTH; i++) {
        let other = corner + i / WIDTH * IN_WIDTH + i % WIDTH;
        let value = activations[(row * IN_PIXELS + other) * CHANNELS + channel].x;
        is_first = is_first && !select(value > a.x, value >= a.x, other < pixel);
      }
      sum += select(vec2f(), delta, is_first);
#end
#for unused in IS_MEAN
      sum += delta / f32(HEIGHT * WIDTH);
#end
    }
  }
  let slope = derivative(vec4f(a.x)).x;
  let bend = curvature(vec4f(a.x)).x * a.y;
  below[index] = vec2f(sum.x * slope, sum.y * slope + sum.x * bend);
}
