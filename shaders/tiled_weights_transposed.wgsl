// For tiled_matmul.wgsl: fills the block of the right matrix, (4·STEP_BLOCK, COLUMNS), with columns
// of the weights, four rows of them at a time. Rows past the last ones repeat them, and have no
// results. Neighbours read the same row.

fn fill_right(index: u32, replica: u32, first_column: u32, first_step: u32, steps: u32) {
  for (var i = index; i < STEP_BLOCK * COLUMNS; i += LANES * GROUP_ROWS) {
    let step = i % STEP_BLOCK;
    let column = i / STEP_BLOCK;
    if (step < steps) {
      let row = 4u * (replica * COLUMN_VECTORS + min(first_column + column, COLUMN_VECTORS - 1u));
#for c in 4
      let w_${c} = load_weights(row + ${c}u, first_step + step);
#end
#for j in 4
      right[(4u * step + ${j}u) * COLUMNS + column] =
        vec4f(w_0[${j}], w_1[${j}], w_2[${j}], w_3[${j}]);
#end
    }
  }
}
