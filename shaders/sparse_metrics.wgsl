// The metrics of a burst whose iterations sparse_top.wgsl has trained: of each, sums its columns in
// order.
//
//   partials  (BURST, R, COLUMNS)   (loss, correct predictions) of four examples each
//   clocks    (R)                   Clock (common.wgsl): iterations done
//   metrics   (BURST, R)            out: (mean loss, correct predictions)
//
// One invocation for each iteration. Grid: (MOST / LANES, 1, R).

@group(0) @binding(0) var<storage, read> partials: array<vec2f>;
@group(0) @binding(1) var<storage, read> clocks: array<Clock>;
@group(0) @binding(2) var<storage, read_write> metrics: array<vec2f>;
@group(0) @binding(3) var<uniform> burst: Burst;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let iteration = burst.first + id.x;
  if (iteration < clocks[id.z].done) {
    let slot = id.x * REPLICAS + id.z;
    var total = vec2f();
    for (var column = 0u; column < COLUMNS; column++) {
      total += partials[slot * COLUMNS + column];
    }
    let examples = f32(min(BATCH, TRAIN - (iteration % BATCHES) * BATCH));
    metrics[slot] = vec2f(total.x / examples, total.y);
  }
}
