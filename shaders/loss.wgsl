// Softmax cross-entropy of a training batch: mean loss, correct predictions and gradient.
//
//   logits    (R, rows, PITCH)    pre-activations of the last layer
//   labels    (AHEAD, R, rows)    NO_LABEL where the batch is short
//   deltas    (R, rows, PITCH)    out: (softmax − onehot) / examples; 0 in padding rows and columns
//   metrics   (BURST, R)          in: (step size, decay); out: (mean loss, correct predictions)
//   clocks    (R)                 in: iterations done; out: one more, with step size and decay
//
// Logits and deltas are reached through engine/kernels/matrix.ts. The row maximum is subtracted
// before exponentiation. Each lane sums its rows in order and lane 0 the lanes in order, so the sum
// repeats bit for bit. Grid: (1, 1, R).

@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> metrics: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> clocks: array<Clock>;
@group(0) @binding(5) var<uniform> burst: Burst;

var<workgroup> partial: array<vec2f, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let replica = group.z;
  let iteration = clocks[replica].done;
  let examples = min(BATCH, TRAIN - (iteration % BATCHES) * BATCH);
  let first_label = (iteration % AHEAD * REPLICAS + replica) * ROWS;
  var sums = vec2f();
  for (var row = lane; row < ROWS; row += LANES) {
    let at = replica * ROWS + row;
    let label = labels[first_label + row];
    let valid = label != NO_LABEL;
    let s = row_statistics(at);
    for (var v = 0u; v < VECTORS; v++) {
      let c = vec4u(4u * v) + vec4u(0u, 1u, 2u, 3u);
      let probability = exp(load_logits(at, v) - s.maximum) / s.sum;
      let onehot = select(vec4f(), vec4f(1.0), c == vec4u(label));
      let delta = (probability - onehot) / f32(examples);
      store_deltas(at, v, select(vec4f(), delta, (c < vec4u(CLASSES)) & vec4<bool>(valid)));
    }
    if (valid) {
      sums += row_metrics(at, label, s);
    }
  }
  partial[lane] = sums;
  workgroupBarrier();
  if (lane == 0u) {
    var total = vec2f();
    for (var i = 0u; i < LANES; i++) {
      total += partial[i];
    }
    let slot = (iteration - burst.first) * REPLICAS + replica;
    clocks[replica] = Clock(iteration + 1u, metrics[slot].x, metrics[slot].y);
    metrics[slot] = vec2f(total.x / f32(examples), total.y);
  }
}
