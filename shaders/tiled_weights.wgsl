// For tiled_matmul.wgsl: fills the block of the right matrix, (4·STEP_BLOCK, COLUMNS), with rows of
// the weights. Columns past the last one repeat it, and have no results.

fn fill_right(index: u32, replica: u32, first_column: u32, first_step: u32, steps: u32) {
  let first_row = (replica * STEPS + first_step) * 4u;
  for (var i = index; i < 4u * steps * COLUMNS; i += LANES * GROUP_ROWS) {
    let column = min(first_column + i % COLUMNS, COLUMN_VECTORS - 1u);
    right[i] = load_weights(first_row + i / COLUMNS, column);
  }
}
