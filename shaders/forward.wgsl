// Masked matmul with bias and activation: outputs = activation(inputs · weights).
//
//   inputs   (R, rows, IN_PITCH)       column INPUTS is 1, the columns after it are 0
//   weights  (R, IN_PITCH, OUT_PITCH)  weights, pruned ones 0, then the bias as row INPUTS, then zeros
//   outputs  (R, rows, OUT_PITCH)      column UNITS is 1 for the layer above, then zeros
//   steps_*.wgsl                       which columns of inputs count, four at a time
//   batch_*.wgsl                       where the inputs begin: a batch may lie among others
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. The mask needs no
// operand here: weights are masked when they are loaded, and updates leave pruned weights as they
// are (weight_gradient.wgsl), so a pruned weight is 0 in memory at all times, or its initial value.
//
// An invocation computes a tile of ROWS × 4·VECTORS outputs. Its rows are those of its whole
// workgroup; lanes differ in their columns. The fma chain of an accumulator runs over four k before
// the next one, which keeps each accumulator in a register for four steps even where all of them do
// not fit. Grid: (column groups / LANES, rows / ROWS, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column_group = group.x * LANES + lane;
  let column = min(column_group * VECTORS, OUT_VECTORS - VECTORS);
  let tile = group.z * groups.y + group.y;
  let row = tile * ROWS;
  let in_tile = first_tile(groups.y * groups.z) + tile;
  let in_row = in_tile * ROWS;
  let end = step_count(in_tile);
#for r in ROWS
#for v in VECTORS
  var acc_${r}_${v} = vec4f();
#end
#end
  for (var i = 0u; i < end; i++) {
    let k = step_at(in_tile, i);
    let weight_row = group.z * IN_PITCH + 4u * k;
#for j in 4
#for v in VECTORS
    let w_${j}_${v} = load_weights(weight_row + ${j}u, column + ${v}u);
#end
#end
#for r in ROWS
    let x_${r} = load_inputs(in_row + ${r}u, k);
#for v in VECTORS
#for j in 4
    acc_${r}_${v} = fma(vec4f(x_${r}[${j}]), w_${j}_${v}, acc_${r}_${v});
#end
#end
#end
  }
  // The last lane's tile is shifted back inside the matrix and repeats some columns of the lane
  // before; lanes past the last one have nothing to write.
  if (column_group * VECTORS < OUT_VECTORS) {
#for v in VECTORS
    let index_${v} = vec4u(4u * (column + ${v}u)) + vec4u(0u, 1u, 2u, 3u);
    // Columns without a unit hold the constant, then zeros.
    let rest_${v} = select(vec4f(), vec4f(1.0), index_${v} == vec4u(ONES_COLUMN));
    let real_${v} = index_${v} < vec4u(UNITS);
#for r in ROWS
    store_outputs(row + ${r}u, column + ${v}u, select(rest_${v}, activate(acc_${r}_${v}), real_${v}));
#end
#end
  }
}
