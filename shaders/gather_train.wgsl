// Row positions for training (see gather.wgsl): row r of iteration i is element (i mod
// batches)·BATCH + r of the epoch's permutation of the training set; the last batch of an epoch may
// be short.

@group(0) @binding(6) var<storage, read> clocks: array<Clock>;

fn row_position(row: u32, replica: u32) -> u32 {
  let epoch = clocks[replica].done / BATCHES;
  let position = (clocks[replica].done % BATCHES) * BATCH + row;
  if (row >= BATCH || position >= TRAIN) {
    return NO_LABEL;
  }
  let ordered = permute(position, TRAIN, epoch_key(replicas[replica].order_key, epoch));
  return pool_example(ordered, replica);
}
