// Gather and normalize for the sparse kernels: copies the examples of one batch (or of one
// evaluation window) into matrices with a row for each feature, and their labels beside them.
//
//   examples, labels, scales, replicas, clocks or window    as in gather.wgsl
//   words         (R, WORDS + 1)                  how many words of four features count, and which
//   batch         (AHEAD, R, TILES, ROWS, COLUMNS)   out (engine/kernels/matrix.ts): 4 examples to a
//                                                 column; 0 where there is no example
//   batch_labels  (AHEAD, R, TILES · COLUMNS · 4)    out; NO_LABEL where there is none
//
// Features that no live weight reads are left as they are. A lane has four examples, and turns four
// features of each at a time (sparse_words.wgsl). Grid: (CHUNKS of the words, TILES · COLUMNS /
// LANES, AHEAD · R).

@group(0) @binding(5) var<storage, read_write> batch_labels: array<u32>;
@group(0) @binding(7) var<storage, read> words: array<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let replica = replica_of(group.z);
  let place = batch_of(replica);
  let column = group.y * LANES + lane;
#for e in 4
  let position_${e} = row_position(4u * column + ${e}u, replica);
  let valid_${e} = position_${e} != NO_LABEL;
  let example_${e} = select(0u, position_${e}, valid_${e});
  let view_${e} = view_of(example_${e}, replica);
  let factor_${e} = select(0.0, factor_of(view_${e}), valid_${e});
#end
  let tile = place * TILES + column / COLUMNS;
  let list = replica * (WORDS + 1u);
  for (var i = group.x; i < words[list]; i += CHUNKS) {
    let word = words[list + 1u + i];
#for e in 4
    let x_${e} = features_of(view_${e}, factor_${e}, valid_${e}, word);
#end
    store_word(tile, word, column % COLUMNS, x_0, x_1, x_2, x_3);
  }
  if (group.x == 0u) {
    let first = place * TILES * COLUMNS * 4u + 4u * column;
#for e in 4
    batch_labels[first + ${e}u] = select(NO_LABEL, label_of(example_${e}, replica), valid_${e});
#end
  }
}
