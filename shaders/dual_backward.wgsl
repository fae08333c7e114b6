// Gradient at the pre-activations of the layer below, in dual numbers (dual_forward.wgsl):
// below = (deltas · weightsᵀ) ⊙ activation'(outputs of the layer below).
//
//   deltas       (ROWS, UNITS)    dual: gradient at this layer's pre-activations
//   weights      (INPUTS, UNITS)  dual
//   activations  (ROWS, INPUTS)   dual: this layer's inputs
//   below        (ROWS, INPUTS)   dual, out
//
// derivative() and curvature() are those of the layer below (activation_*.wgsl), first_of_group()
// of dual_index.wgsl. One invocation computes TILE rows of one column, as in dual_forward.wgsl.
// Grid: groups of LANES for (ROWS / TILE rounded up) × INPUTS invocations, in two dimensions.

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
  let column = index % INPUTS;
  let row = index / INPUTS * TILE;
  if (row >= ROWS) {
    return;
  }
  // Rows past the end repeat the last one.
#for r in TILE
  let delta_${r} = min(row + ${r}u, ROWS - 1u) * UNITS;
  var sum_${r} = vec2f();
#end
  for (var n = 0u; n < UNITS; n++) {
    let w = weights[column * UNITS + n];
#for r in TILE
    let d_${r} = deltas[delta_${r} + n];
    sum_${r} += d_${r}.x * w + vec2f(0.0, d_${r}.y * w.x);
#end
  }
#for r in TILE
  if (row + ${r}u < ROWS) {
    let at = (row + ${r}u) * INPUTS + column;
    let a = activations[at];
    let slope = derivative(vec4f(a.x)).x;
    let bend = curvature(vec4f(a.x)).x * a.y;
    below[at] = vec2f(sum_${r}.x * slope, sum_${r}.y * slope + sum_${r}.x * bend);
  }
#end
}
