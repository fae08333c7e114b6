// Keeps a part of the sum of four outputs: sums are (R, rows, PARTS, OUT_VECTORS).

fn finish(part: u32, row: u32, column: u32, sum: vec4f) {
  store_sums(row, part * OUT_VECTORS + column, sum);
}
