// The last layer of a sparse network in training (sparse_loss.wgsl), and the metrics of a batch.
//
//   labels            (AHEAD, R, TILES · COLUMNS)   NO_LABEL where the batch is short
//   metrics, clocks                                 as in loss.wgsl
//
// An invocation has its own four examples from beginning to end, so nothing is shared but the sums
// of the metrics: each lane sums its examples in order, lane 0 the lanes. Grid: (1, 1, R).

@group(0) @binding(0) var<storage, read> labels: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> metrics: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> clocks: array<Clock>;
@group(0) @binding(3) var<uniform> burst: Burst;

fn labels_of(replica: u32, iteration: u32, all: u32) -> vec4u {
  return labels[(iteration % AHEAD * REPLICAS + replica) * TILES * COLUMNS + all];
}

var<workgroup> partial: array<vec2f, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let replica = group.z;
  let iteration = clocks[replica].done;
  let examples = f32(min(BATCH, TRAIN - (iteration % BATCHES) * BATCH));
  var sums = vec2f();
  for (var all = lane; all < TILES * COLUMNS; all += LANES) {
    sums += head(replica, iteration, examples, all);
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
    metrics[slot] = vec2f(total.x / examples, total.y);
  }
}
