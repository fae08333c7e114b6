// Adds the gradient of a convolution's weights, live and dead alike, over one piece of a batch, in
// dual numbers (dual_gradient.wgsl).
//
//   inputs     (ROWS, IN_HEIGHT, IN_WIDTH, CHANNELS)    dual
//   deltas     (ROWS, OUT_HEIGHT, OUT_WIDTH, FILTERS)   dual
//   gradients  (TAPS, CHANNELS, FILTERS)                dual, in and out
//
// One invocation computes TILE filters of one tap and channel, so that an input is loaded once for
// all of them; rows and pixels are summed in order. first_of_group() is that of dual_index.wgsl.
// Grid: groups of LANES for TAPS × CHANNELS × (FILTERS / TILE rounded up) invocations, in two
// dimensions.

@group(0) @binding(0) var<storage, read> inputs: array<vec2f>;
@group(0) @binding(1) var<storage, read> deltas: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> gradients: array<vec2f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = first_of_group(group, groups) + lane;
  let first_filter = index % FILTER_TILES * TILE;
  let channel = index / FILTER_TILES % CHANNELS;
  let tap = index / FILTER_TILES / CHANNELS;
  if (tap >= TAPS) {
    return;
  }
  // Filters past the end repeat the last one.
#for t in TILE
  let filter_${t} = min(first_filter + ${t}u, FILTERS - 1u);
  var sum_${t} = vec2f();
#end
  for (var row = 0u; row < ROWS; row++) {
    for (var out_y = 0u; out_y < OUT_HEIGHT; out_y++) {
      // Numbers below 0 wrap, and are beyond the image too.
      let y = out_y * STRIDE_Y + tap / KERNEL_WIDTH - PAD_TOP;
      for (var out_x = 0u; out_x < OUT_WIDTH; out_x++) {
        let x = out_x * STRIDE_X + tap % KERNEL_WIDTH - PAD_LEFT;
        if (y < IN_HEIGHT && x < IN_WIDTH) {
          let input = inputs[((row * IN_HEIGHT + y) * IN_WIDTH + x) * CHANNELS + channel];
          let first = ((row * OUT_HEIGHT + out_y) * OUT_WIDTH + out_x) * FILTERS;
#for t in TILE
          let d_${t} = deltas[first + filter_${t}];
          sum_${t} += input.x * d_${t} + vec2f(0.0, input.y * d_${t}.x);
#end
        }
      }
    }
  }
#for t in TILE
  if (first_filter + ${t}u < FILTERS) {
    gradients[(tap * CHANNELS + channel) * FILTERS + first_filter + ${t}u] += sum_${t};
  }
#end
}
