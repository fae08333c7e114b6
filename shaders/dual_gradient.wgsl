// Adds the gradient of a layer's weights, live and dead alike, over one piece of a batch, in dual
// numbers (dual_forward.wgsl): gradients += inputsᵀ · deltas.
//
//   inputs     (ROWS, INPUTS)   dual
//   deltas     (ROWS, UNITS)    dual
//   gradients  (INPUTS, UNITS)  dual, in and out: gradient, and its derivative along the tangents
//
// One invocation computes TILE weights of one unit, so that a delta is loaded once for all of them;
// rows are summed in order. first_of_group() is that of dual_index.wgsl. Grid: groups of LANES for
// (INPUTS / TILE rounded up) × UNITS invocations, in two dimensions.

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
  let unit = index % UNITS;
  let input = index / UNITS * TILE;
  if (input >= INPUTS) {
    return;
  }
  // Inputs past the end repeat the last one.
#for i in TILE
  let column_${i} = min(input + ${i}u, INPUTS - 1u);
  var sum_${i} = vec2f();
#end
  for (var row = 0u; row < ROWS; row++) {
    let d = deltas[row * UNITS + unit];
#for i in TILE
    let x_${i} = inputs[row * INPUTS + column_${i}];
    sum_${i} += x_${i}.x * d + vec2f(0.0, x_${i}.y * d.x);
#end
  }
#for i in TILE
  if (input + ${i}u < INPUTS) {
    gradients[(input + ${i}u) * UNITS + unit] += sum_${i};
  }
#end
}
