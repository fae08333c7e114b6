// Loss and predicted class of each example of an evaluation window, as evaluate.wgsl.
//
//   outputs (R, TILES, LOGIT_ROWS, COLUMNS)    logits: one row for each class, four examples to a column
//   labels  (R, TILES · COLUMNS)               of four examples each
//   window  see gather_evaluate.wgsl
//   rows    (R, SPAN)                          out: (loss, outcome); from window.output on
//
// Grid: (TILES · COLUMNS / LANES, 1, R).

@group(0) @binding(1) var<storage, read> labels: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> rows: array<vec2f>;
@group(0) @binding(3) var<uniform> window: Window;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let tile = id.z * TILES + column / COLUMNS;
  first_logit = tile * LOGIT_ROWS;
  logit_column = column % COLUMNS;
  let label = labels[id.z * TILES * COLUMNS + column];
  let s = statistics();
  let loss = losses(label, s);
  let best = vec4f(s.best);
  let outcome = select(-1.0 - best, best, s.best == label);
  let first = id.z * SPAN + window.output + 4u * column;
#for e in 4
  if (label[${e}] != NO_LABEL) {
    rows[first + ${e}u] = vec2f(loss[${e}], outcome[${e}]);
  }
#end
}
