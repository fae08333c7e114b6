// A dense layer in dual numbers: outputs = activation(inputs · weights + biases). A dual number is
// a vec2f (value, tangent); tangents are derivatives by one parameter t in which the weights move.
//
//   inputs   (ROWS, INPUTS)   dual
//   weights  (INPUTS, UNITS)  dual
//   biases   (UNITS)          of tangent 0
//   outputs  (ROWS, UNITS)    dual, out
//
// One invocation computes TILE rows of one unit, so that a weight is loaded once for all of them.
// activate() and derivative() are those of activation_*.wgsl, first_of_group() of dual_index.wgsl.
// Grid: groups of LANES for (ROWS / TILE rounded up) × UNITS invocations, in two dimensions.

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
  let unit = index % UNITS;
  let row = index / UNITS * TILE;
  if (row >= ROWS) {
    return;
  }
  // Rows past the end repeat the last one.
#for r in TILE
  let input_${r} = min(row + ${r}u, ROWS - 1u) * INPUTS;
  var sum_${r} = vec2f(biases[unit], 0.0);
#end
  for (var k = 0u; k < INPUTS; k++) {
    let w = weights[k * UNITS + unit];
#for r in TILE
    let x_${r} = inputs[input_${r} + k];
    sum_${r} += x_${r}.x * w + vec2f(0.0, x_${r}.y * w.x);
#end
  }
#for r in TILE
  if (row + ${r}u < ROWS) {
    let value = activate(vec4f(sum_${r}.x));
    outputs[(row + ${r}u) * UNITS + unit] = vec2f(value.x, derivative(value).x * sum_${r}.y);
  }
#end
}
