// A matmul per replica with tiles in workgroup memory: result = left · right, (rows, STEPS · 4) by
// (STEPS · 4, COLUMN_VECTORS · 4).
//
//   left    load_left(row, step): four columns of a row (all replicas' rows follow one another)
//   right   fill_right(…): tiled_weights.wgsl or tiled_weights_transposed.wgsl
//   result  finish(part, row, column, sum): finish_*.wgsl
//
// A workgroup of LANES × GROUP_ROWS invocations computes GROUP_ROWS·ROWS rows × COLUMNS vec4
// columns. It loads blocks of STEP_BLOCK steps (four columns of left, four rows of right each), all
// invocations together, and multiplies from there, so an element is read from memory once for all
// of the tile. An invocation has ROWS rows and VECTORS columns, LANES apart. Each result is one fma
// chain over the columns of left in their order, as in forward.wgsl, so the bits are the same.
//
// The steps are cut into PARTS of PART_STEPS each, whose sums are results of their own.
// Grid: (PARTS · COLUMN_GROUPS, BATCH_ROWS / (GROUP_ROWS·ROWS) rounded up, R).

var<workgroup> left: array<vec4f, ${LEFT_BLOCK}>;
var<workgroup> right: array<vec4f, ${RIGHT_BLOCK}>;

@compute @workgroup_size(LANES, GROUP_ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let part = group.x / COLUMN_GROUPS;
  let first_column = group.x % COLUMN_GROUPS * COLUMNS;
  let first_row = group.y * GROUP_ROWS * ROWS;
  let result_row = group.z * BATCH_ROWS;
  let left_row = first_tile(groups.z * BATCH_ROWS) + result_row;
  let end = min((part + 1u) * PART_STEPS, STEPS);
#for r in ROWS
#for v in VECTORS
  var acc_${r}_${v} = vec4f();
#end
#end
  for (var first_step = part * PART_STEPS; first_step < end; first_step += STEP_BLOCK) {
    let steps = min(STEP_BLOCK, end - first_step);
    for (var i = index; i < LEFT_BLOCK; i += LANES * GROUP_ROWS) {
      // Rows past the last one repeat it, and have no results.
      let row = min(first_row + i / STEP_BLOCK, BATCH_ROWS - 1u);
      if (i % STEP_BLOCK < steps) {
        left[i] = load_left(left_row + row, first_step + i % STEP_BLOCK);
      }
    }
    fill_right(index, group.z, first_column, first_step, steps);
    workgroupBarrier();
    for (var s = 0u; s < steps; s++) {
#for j in 4
#for v in VECTORS
      let w_${j}_${v} = right[(4u * s + ${j}u) * COLUMNS + ${v}u * LANES + local.x];
#end
#end
#for r in ROWS
      let x_${r} = left[(local.y * ROWS + ${r}u) * STEP_BLOCK + s];
#for v in VECTORS
#for j in 4
      acc_${r}_${v} = fma(vec4f(x_${r}[${j}]), w_${j}_${v}, acc_${r}_${v});
#end
#end
#end
    }
    workgroupBarrier();
  }
#for r in ROWS
  {
    let row = first_row + local.y * ROWS + ${r}u;
#for v in VECTORS
    let column_${v} = first_column + ${v}u * LANES + local.x;
    if (row < BATCH_ROWS && column_${v} < COLUMN_VECTORS) {
      finish(part, result_row + row, column_${v}, acc_${r}_${v});
    }
#end
  }
#end
}
