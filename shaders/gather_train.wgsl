// Row positions for training (see gather.wgsl): row r of iteration i is element (i mod
// batches)·BATCH + r of the epoch's permutation of the training set; the last batch of an epoch may
// be short. A dispatch gathers the batches of the next AHEAD iterations, each replica's first, that
// of iteration i to place i mod AHEAD: a gather of one batch is as long as the dispatch itself.

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

fn row_position(row: u32, replica: u32) -> u32 {
  let iteration = iteration_of(replica);
  let epoch = iteration / BATCHES;
  let position = (iteration % BATCHES) * BATCH + row;
  if (row >= BATCH || position >= TRAIN) {
    return NO_LABEL;
  }
  let ordered = permute(position, TRAIN, epoch_key(replicas[replica].order_key, epoch));
  return pool_example(ordered, replica);
}
