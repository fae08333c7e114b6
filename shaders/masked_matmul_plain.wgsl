// The masked matmul in its plainest form: outputs = activation(inputs · (weights ⊙ mask) + biases).
// Read it before forward.wgsl, which computes the same in tiles. Training does not use this one;
// tests hold both against the oracle.
//
//   inputs   (R, ROWS, INPUTS)
//   weights  (R, INPUTS, UNITS)
//   mask     (R, INPUTS, UNITS)   1 where a weight lives, 0 where it is pruned
//   biases   (R, UNITS)
//   outputs  (R, ROWS, UNITS)     out
//
// One invocation computes one output. Grid: (UNITS / LANES rounded up, ROWS, R).

@group(0) @binding(0) var<storage, read> inputs: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> biases: array<f32>;
@group(0) @binding(4) var<storage, read_write> outputs: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let unit = id.x;
  let row = id.z * ROWS + id.y;
  if (unit >= UNITS) {
    return;
  }
  var sum = biases[id.z * UNITS + unit];
  for (var k = 0u; k < INPUTS; k++) {
    let at = (id.z * INPUTS + k) * UNITS + unit;
    sum += inputs[row * INPUTS + k] * weights[at] * mask[at];
  }
  outputs[row * UNITS + unit] = activate(vec4f(sum)).x;
}
