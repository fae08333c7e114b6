// Softmax cross-entropy in dual numbers (dual_forward.wgsl): the loss of each row, and the gradient
// of the batch's mean loss at the logits.
//
//   logits  (ROWS, CLASSES)  dual
//   labels  (ROWS)           NO_LABEL in rows that hold no example
//   deltas  (ROWS, CLASSES)  dual, out: (softmax − onehot) / BATCH; 0 in rows that hold no example
//   losses  (ROWS)           out; 0 in rows that hold no example
//
// With p = softmax(z) and z' the tangent of z, that of p is p ⊙ (z' − Σ p ⊙ z'). The row maximum is
// subtracted before exponentiation. One invocation per row. Grid: (ROWS / LANES rounded up, 1, 1).

@group(0) @binding(0) var<storage, read> logits: array<vec2f>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> deltas: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= ROWS) {
    return;
  }
  let first = row * CLASSES;
  let label = labels[row];
  if (label == NO_LABEL) {
    losses[row] = 0.0;
    for (var c = 0u; c < CLASSES; c++) {
      deltas[first + c] = vec2f();
    }
    return;
  }
  var maximum = logits[first].x;
  for (var c = 1u; c < CLASSES; c++) {
    maximum = max(maximum, logits[first + c].x);
  }
  var sum = vec2f();
  for (var c = 0u; c < CLASSES; c++) {
    let z = logits[first + c];
    sum += exp(z.x - maximum) * vec2f(1.0, z.y);
  }
  losses[row] = log(sum.x) - (logits[first + label].x - maximum);
  for (var c = 0u; c < CLASSES; c++) {
    let z = logits[first + c];
    let p = exp(z.x - maximum) / sum.x;
    let onehot = select(0.0, 1.0, c == label);
    deltas[first + c] = vec2f(p - onehot, p * (z.y - sum.y / sum.x)) / f32(BATCH);
  }
}
