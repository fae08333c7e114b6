// Which batches a dispatch gathers (see gather.wgsl, gather_epoch.wgsl): those of the next AHEAD
// iterations, each replica's first, that of iteration i to place i mod AHEAD: a gather of one batch
// is as long as the dispatch itself.

@group(0) @binding(6) var<storage, read> clocks: array<Clock>;

// Which of the next iterations the workgroup gathers for.
var<private> ahead: u32;

fn replica_of(z: u32) -> u32 {
  ahead = z / REPLICAS;
  return z % REPLICAS;
}

fn iteration_of(replica: u32) -> u32 {
  return clocks[replica].done + ahead;
}

// Where the workgroup's batch lies among all.
fn batch_of(replica: u32) -> u32 {
  return iteration_of(replica) % AHEAD * REPLICAS + replica;
}
