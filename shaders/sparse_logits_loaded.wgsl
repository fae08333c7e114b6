// Logits in a matrix (R, TILES, LOGIT_ROWS, COLUMNS), at the rows and the column that a kernel has
// set.

var<private> first_logit: u32;
var<private> logit_column: u32;

fn logit(c: u32) -> vec4f {
  return load_outputs(first_logit + c, logit_column);
}
