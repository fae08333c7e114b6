// Ends the sum of four outputs of forward: (row, column) of outputs (R, rows, OUT_PITCH). Columns
// without a unit hold the constant, then zeros.

fn finish(part: u32, row: u32, column: u32, sum: vec4f) {
  let index = vec4u(4u * column) + vec4u(0u, 1u, 2u, 3u);
  let rest = select(vec4f(), vec4f(1.0), index == vec4u(ONES_COLUMN));
  store_outputs(row, column, select(rest, activate(sum), index < vec4u(UNITS)));
}
