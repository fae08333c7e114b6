// A convolution in dual numbers (dual_forward.wgsl): outputs = activation(inputs ∗ weights +
// biases).
//
//   inputs   (ROWS, IN_HEIGHT, IN_WIDTH, CHANNELS)  dual
//   weights  (TAPS, CHANNELS, FILTERS)              dual
//   biases   (FILTERS)                              of tangent 0
//   outputs  (ROWS, OUT_PIXELS, FILTERS)            dual, out
//
// One invocation computes TILE filters of one pixel, so that an input is loaded once for all of
// them. activate() and derivative() are those of activation_*.wgsl, first_of_group() of
// dual_index.wgsl. Grid: groups of LANES for ROWS × OUT_PIXELS × (FILTERS / TILE rounded up)
// invocations, in two dimensions.

@group(0) @binding(0) var<storage, read> inputs: array<vec2f>;
@group(0) @binding(1) var<storage, read> weights: array<vec2f>;
@group(0) @binding(2) var<storage, read> biases: array<f32>;
@group(0) @binding(3) var<storage, read_write> outputs: array<vec2f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = first_of_group(group, groups) + lane;
  let first_filter = index % FILTER_TILES * TILE;
  let pixel = index / FILTER_TILES % OUT_PIXELS;
  let row = index / FILTER_TILES / OUT_PIXELS;
  if (row >= ROWS) {
    return;
  }
  // Filters past the end repeat the last one.
#for t in TILE
  let filter_${t} = min(first_filter + ${t}u, FILTERS - 1u);
  var sum_${t} = vec2f(biases[filter_${t}], 0.0);
#end
  for (var tap = 0u; tap < TAPS; tap++) {
    // Numbers below 0 wrap, and are beyond the image too.
    let y = pixel / OUT_WIDTH * STRIDE_Y + tap / KERNEL_WIDTH - PAD_TOP;
    let x = pixel % OUT_WIDTH * STRIDE_X + tap % KERNEL_WIDTH - PAD_LEFT;
    if (y < IN_HEIGHT && x < IN_WIDTH) {
      let first = ((row * IN_HEIGHT + y) * IN_WIDTH + x) * CHANNELS;
      for (var c = 0u; c < CHANNELS; c++) {
        let input = inputs[first + c];
        let weight_row = (tap * CHANNELS + c) * FILTERS;
#for t in TILE
        let w_${t} = weights[weight_row + filter_${t}];
        sum_${t} += input.x * w_${t} + vec2f(0.0, input.y * w_${t}.x);
#end
      }
    }
  }
#for t in TILE
  if (first_filter + ${t}u < FILTERS) {
    let value = activate(vec4f(sum_${t}.x));
    outputs[(row * OUT_PIXELS + pixel) * FILTERS + first_filter + ${t}u] =
      vec2f(value.x, derivative(value).x * sum_${t}.y);
  }
#end
}
