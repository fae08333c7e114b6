// Gradient of the loss with respect to the pre-activations of the layer below:
// below = (deltas · weightsᵀ) ⊙ activation'(outputs of the layer below).
//
//   deltas       (R, rows, OUT_PITCH)      gradient at this layer's pre-activations
//   weights      (R, IN_PITCH, OUT_PITCH)  as in forward.wgsl
//   activations  (R, rows, IN_PITCH)       this layer's inputs
//   below        (R, rows, IN_PITCH)       out; 0 in the constant and padding columns
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. Tiling as in
// forward.wgsl, the reduction running along the columns of `deltas`. Grid: (column groups / LANES,
// rows / ROWS, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column_group = group.x * LANES + lane;
  let column = min(column_group * VECTORS, IN_VECTORS - VECTORS);
  let row = (group.z * groups.y + group.y) * ROWS;
  let weight_row = group.z * IN_PITCH + 4u * column;
#for r in ROWS
#for v in VECTORS
  var acc_${r}_${v} = vec4f();
#end
#end
  for (var n = 0u; n < OUT_VECTORS; n++) {
#for v in VECTORS
#for c in 4
    let w_${v}_${c} = load_weights(weight_row + 4u * ${v}u + ${c}u, n);
#end
#for j in 4
    let t_${v}_${j} = vec4f(w_${v}_0[${j}], w_${v}_1[${j}], w_${v}_2[${j}], w_${v}_3[${j}]);
#end
#end
#for r in ROWS
    let d_${r} = load_deltas(row + ${r}u, n);
#for v in VECTORS
#for j in 4
    acc_${r}_${v} = fma(vec4f(d_${r}[${j}]), t_${v}_${j}, acc_${r}_${v});
#end
#end
#end
  }
  if (column_group * VECTORS < IN_VECTORS) {
#for v in VECTORS
    let real_${v} = vec4u(4u * (column + ${v}u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(INPUTS);
#for r in ROWS
    {
      let activation = load_activations(row + ${r}u, column + ${v}u);
      let value = select(vec4f(), acc_${r}_${v} * derivative(activation), real_${v});
      store_below(row + ${r}u, column + ${v}u, value);
    }
#end
#end
  }
}
