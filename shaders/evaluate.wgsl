// Loss and predicted class of each row of an evaluation window, written to the row's place in its
// split.
//
//   logits  (R, ROWS, PITCH)    labels  (R, ROWS)    window  see gather_evaluate.wgsl
//   rows    (R, SPAN)           out: (loss, outcome); the window's split starts at window.output −
//                               window.first, and place_*.wgsl says where in it a row is
//
// The outcome tells both the class c of the largest logit (the first of equals) and whether it is
// the label: c if it is, −1 − c if not.
//
// Grid: (ROWS / LANES, 1, R).

@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> rows: array<vec2f>;
@group(0) @binding(3) var<uniform> window: Window;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  let replica = id.z;
  if (row >= ROWS) {
    return;
  }
  let label = labels[replica * ROWS + row];
  if (label != NO_LABEL) {
    let at = replica * ROWS + row;
    let s = row_statistics(at);
    let loss = row_metrics(at, label, s).x;
    let best = f32(s.best);
    let outcome = select(-1.0 - best, best, s.best == label);
    let first = replica * SPAN + window.output - window.first;
    rows[first + position_of(row, replica)] = vec2f(loss, outcome);
  }
}
