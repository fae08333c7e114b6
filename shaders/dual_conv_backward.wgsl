// Gradient at the pre-activations of the layer below a convolution, in dual numbers
// (dual_backward.wgsl): each input sums the deltas of the outputs that it has a part in.
//
//   deltas       (ROWS, OUT_HEIGHT, OUT_WIDTH, FILTERS)  dual: gradient at its pre-activations
//   weights      (TAPS, CHANNELS, FILTERS)               dual
//   activations  (ROWS, IN_PIXELS, CHANNELS)             dual: this layer's inputs
//   below        (ROWS, IN_PIXELS, CHANNELS)             dual, out
//
// One invocation computes TILE channels of one pixel, so that a delta is loaded once for all of
// them. derivative() and curvature() are those of the layer below (activation_*.wgsl),
// first_of_group() of dual_index.wgsl. Grid: groups of LANES for ROWS × IN_PIXELS × (CHANNELS /
// TILE rounded up) invocations, in two dimensions.

@group(0) @binding(0) var<storage, read> deltas: array<vec2f>;
@group(0) @binding(1) var<storage, read> weights: array<vec2f>;
@group(0) @binding(2) var<storage, read> activations: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> below: array<vec2f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = first_of_group(group, groups) + lane;
  let channel = index % CHANNEL_TILES * TILE;
  let pixel = index / CHANNEL_TILES % IN_PIXELS;
  let row = index / CHANNEL_TILES / IN_PIXELS;
  if (row >= ROWS) {
    return;
  }
  // Channels past the end repeat the last one.
#for t in TILE
  let channel_${t} = min(channel + ${t}u, CHANNELS - 1u);
  var sum_${t} = vec2f();
#end
  for (var tap = 0u; tap < TAPS; tap++) {
    // Numbers below 0 wrap, and are beyond the image too.
    let y = pixel / IN_WIDTH + PAD_TOP - tap / KERNEL_WIDTH;
    let x = pixel % IN_WIDTH + PAD_LEFT - tap % KERNEL_WIDTH;
    let out_y = y / STRIDE_Y;
    let out_x = x / STRIDE_X;
    let is_reached = y % STRIDE_Y == 0u && x % STRIDE_X == 0u;
    if (is_reached && out_y < OUT_HEIGHT && out_x < OUT_WIDTH) {
      let first = ((row * OUT_HEIGHT + out_y) * OUT_WIDTH + out_x) * FILTERS;
      for (var f = 0u; f < FILTERS; f++) {
        let d = deltas[first + f];
#for t in TILE
        let w_${t} = weights[(tap * CHANNELS + channel_${t}) * FILTERS + f];
        sum_${t} += d.x * w_${t} + vec2f(0.0, d.y * w_${t}.x);
#end
      }
    }
  }
#for t in TILE
  if (channel + ${t}u < CHANNELS) {
    let at = (row * IN_PIXELS + pixel) * CHANNELS + channel + ${t}u;
    let a = activations[at];
    let slope = derivative(vec4f(a.x)).x;
    let bend = curvature(vec4f(a.x)).x * a.y;
    below[at] = vec2f(sum_${t}.x * slope, sum_${t}.y * slope + sum_${t}.x * bend);
  }
#end
}
