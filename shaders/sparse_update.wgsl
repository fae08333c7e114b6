// Gradients of live weights, and the optimizer's update of them (sparse_group.wgsl), of LAYERS
// layers.
//
//   weights  (groups)                           in and out
//   values   (groups)                           out: the same, for the other kernels
//   clocks   (R)                                Clock (common.wgsl): this iteration's step size
//   first, second moment (groups)               as the optimizer needs (optimizer_*.wgsl)
//
// One group per invocation, of those from `first` on. Where MOVES_CLOCKS is 1, the first R
// invocations copy the clocks to `done` besides (sparse_top.wgsl leaves that to them). Grid: enough
// for all groups, and replicas, along x and y.

struct Range {
  first: u32,
  end: u32,
  // COLUMNS
  columns: u32,
}

@group(0) @binding(0) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read> clocks: array<Clock>;
@group(0) @binding(2) var<uniform> range: Range;
#for unused in MOVES_CLOCKS
@group(0) @binding(3) var<storage, read_write> done: array<Clock>;
#end

// Batches of AHEAD iterations lie one after the other.
fn batch_tile(replica: u32) -> u32 {
  return (clocks[replica].done - 1u) % AHEAD * REPLICAS * TILES;
}

fn rate_of(replica: u32) -> f32 {
  return clocks[replica].rate;
}

fn weight_at(group: u32) -> vec4f {
  return weights[group];
}

fn store_weight(group: u32, weight: vec4f) {
  weights[group] = weight;
  store_values(group / LIST_WIDTH, group % LIST_WIDTH, weight);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let own = range.first + (group.y * groups.x + group.x) * LANES + lane;
  train_group(own, range.end, range.columns);
#for unused in MOVES_CLOCKS
  if (own - range.first < REPLICAS) {
    done[own - range.first] = clocks[own - range.first];
  }
#end
}
