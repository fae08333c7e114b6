// forward.wgsl, of which each workgroup goes through one of PARTS parts of the inputs, PART_STEPS
// words of four each: sums of its tile as they are, for forward_sum.wgsl. All words count.
//
// Grid: (PARTS · COLUMN_GROUPS, rows / ROWS, R).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let part = group.x / COLUMN_GROUPS;
  let first_column = (group.x % COLUMN_GROUPS * LANES + lane) * VECTORS;
  let column = min(first_column, OUT_VECTORS - VECTORS);
  let tile = group.z * groups.y + group.y;
  let row = tile * ROWS;
  let in_row = (first_tile(groups.y * groups.z) + tile) * ROWS;
#for r in ROWS
#for v in VECTORS
  var acc_${r}_${v} = vec4f();
#end
#end
  let end = min((part + 1u) * PART_STEPS, STEPS);
  for (var k = part * PART_STEPS; k < end; k++) {
    let weight_row = (group.z * STEPS + k) * 4u;
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
  if (first_column < OUT_VECTORS) {
#for r in ROWS
#for v in VECTORS
    finish(part, row + ${r}u, column + ${v}u, acc_${r}_${v});
#end
#end
  }
}
