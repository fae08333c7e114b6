// Gather and normalize: copies the examples of one batch (or of one evaluation window) into a dense
// matrix, and their labels beside it.
//
//   examples      (count, WORDS)       ExampleWord: a u32 of four pixels, or a vec4f of float inputs
//   labels        (count)              one byte each, four to a u32
//   scales        (count)              multiplies v/255 (unit 1, none 255, l2 1/norm); float inputs: 1;
//                                      behind them those of windows (normalize_windows.wgsl)
//                 (CHANNELS)           standardize: means and 1/deviations of a word's channels
//   replicas      (R)                  keys of data order and split, label map, key of augmentation
//   clocks        (R)                  Clock (common.wgsl) training only: iterations done so far
//   window        Window (common.wgsl) evaluation only: the rows' positions in the split
//   batch         (AHEAD, R, ROWS, PITCH)    out (engine/kernels/matrix.ts); column FEATURES is 1,
//                                            the rest 0
//   batch_labels  (AHEAD, R, ROWS)           out; NO_LABEL in rows past the end, whose inputs are 0
//
// The constant column makes the bias one more row of the weight matrix, so the matmul kernels need
// no bias of their own. One workgroup per row: the permutation is computed once per lane, not per
// pixel. The examples are bound in gather_examples.wgsl; row_position() and batch_of() come from
// gather_train.wgsl or gather_evaluate.wgsl, example_values() from examples_*.wgsl, view_of() from
// view_whole.wgsl or, of training batches alone, view_augmented.wgsl, normalize_word() from
// normalize_*.wgsl, batch_word() from batch_*.wgsl: of batch_image_*.wgsl pixels with padded channels,
// and no constant. Grid: (ROWS, 1, AHEAD · R).

@group(0) @binding(5) var<storage, read_write> batch_labels: array<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let replica = replica_of(group.z);
  let batch_row = batch_of(replica) * ROWS + row;
  let position = row_position(row, replica);
  let valid = position != NO_LABEL;
  let example = select(0u, position, valid);
  let view = view_of(example, replica);
  for (var k = lane; k < VECTORS; k += LANES) {
    store_batch(batch_row, k, batch_word(view, k, valid));
  }
  if (lane == 0u) {
    batch_labels[batch_row] = select(NO_LABEL, label_of(example, replica), valid);
  }
}
