// Loss and correctness of each row of an evaluation window, written to the row's place in its split.
//
//   logits  (R, ROWS, PITCH)    labels  (R, ROWS)    window  see gather_evaluate.wgsl
//   rows    (R, SPAN)           out: (loss, 1 if right); the window's rows start at window.output
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
    rows[replica * SPAN + window.output + row] = row_metrics(at, label, row_statistics(at));
  }
}
