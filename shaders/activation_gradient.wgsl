// Gradient of the loss with respect to the pre-activations of the layer below:
// below = (deltas · weightsᵀ) ⊙ activation'(outputs of the layer below).
//
//   deltas       (R, rows, OUT_PITCH)         vec4f; gradient at this layer's pre-activations
//   weights      (R, IN_PITCH, OUT_PITCH)     vec4f; masked, as in forward.wgsl
//   activations  (R, rows, IN_PITCH)          vec4f; this layer's inputs
//   below        (R, rows, IN_PITCH)          vec4f; out; 0 in the constant and padding columns
//
// Tiling as in forward.wgsl, the reduction running along the columns of `deltas`.
// Grid: (column groups / LANES, rows / ROWS, R).

@group(0) @binding(0) var<storage, read> deltas: array<vec4f>;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> activations: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> below: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = group.x * LANES + lane;
  let row = (group.z * groups.y + group.y) * ROWS;
  let weight = (group.z * IN_PITCH + 4u * min(column, IN_VECTORS - 1u)) * OUT_VECTORS;
#for r in ROWS
  var acc_${r} = vec4f();
#end
  for (var n = 0u; n < OUT_VECTORS; n++) {
#for c in 4
    let w_${c} = weights[weight + ${c}u * OUT_VECTORS + n];
#end
#for j in 4
    let t_${j} = vec4f(w_0[${j}], w_1[${j}], w_2[${j}], w_3[${j}]);
#end
#for r in ROWS
    let d_${r} = deltas[(row + ${r}u) * OUT_VECTORS + n];
#for j in 4
    acc_${r} = fma(vec4f(d_${r}[${j}]), t_${j}, acc_${r});
#end
#end
  }
  if (column < IN_VECTORS) {
    let real = vec4u(4u * column) + vec4u(0u, 1u, 2u, 3u) < vec4u(INPUTS);
#for r in ROWS
    {
      let at = (row + ${r}u) * IN_VECTORS + column;
      below[at] = select(vec4f(), acc_${r} * derivative(activations[at]), real);
    }
#end
  }
}
