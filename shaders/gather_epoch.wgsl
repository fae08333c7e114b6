// Row positions for training (see gather.wgsl): row r of iteration i is element (i mod
// batches)·BATCH + r of the epoch's permutation of the training set; the last batch of an epoch may
// be short. iteration_of() says which iteration a replica is at.

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
