// Lists what of a batch of inputs is not 0, for kernels that leave out the rest.
//
//   inputs      (R, ROWS, PITCH)                    reached through engine/kernels/matrix.ts
//   word_lists  (R, ROW_TILES, IN_VECTORS + 1)      out: for each tile of forward how many words (four
//                                                   columns) are not 0 in all of its rows, and
//                                                   which row_lists   (R, WEIGHT_TILES, ROWS + 1)
//                                                   out: for each tile of the weight gradient how
//                                                   many
//                                                   rows are not 0 in all of its words, and which
//
// Most pixels of an image of a digit are 0, and whole stretches of them are: of MNIST, 36% of the
// words in 20 images and 60% of the rows in 2 words. They add exactly 0 to a sum, so leaving them
// out changes no bit. A list of rows is filled up to a multiple of UNROLL with a row that is 0
// there; a full list needs none. LISTS_ROWS is 1 or, where no gradient is wanted, 0. One lane per
// list. Batches of several iterations are as those of more replicas.
// Grid: ((WEIGHT_TILES + ROW_TILES) / LANES, 1, R).

@group(0) @binding(1) var<storage, read_write> word_lists: array<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = group.x * LANES + lane;
#for unused in LISTS_ROWS
  if (id < WEIGHT_TILES) {
    list_rows(group.z, id);
  }
#end
  if (id >= WEIGHT_TILES && id < WEIGHT_TILES + ROW_TILES) {
    list_words(group.z * ROW_TILES + id - WEIGHT_TILES);
  }
}

// Row tiles of all replicas follow one another, as rows do.
fn list_words(tile: u32) {
  let list = tile * (IN_VECTORS + 1u);
  var count = 0u;
  for (var k = 0u; k < IN_VECTORS; k++) {
    var counts = false;
#for r in TILE_ROWS
    counts = counts || is_nonzero(tile * TILE_ROWS + ${r}u, k);
#end
    if (counts) {
      count++;
      word_lists[list + count] = k;
    }
  }
  word_lists[list] = count;
}
#for unused in LISTS_ROWS

@group(0) @binding(2) var<storage, read_write> row_lists: array<u32>;

fn list_rows(replica: u32, tile: u32) {
  let first = min(tile * TILE_VECTORS, IN_VECTORS - TILE_VECTORS);
  let list = (replica * WEIGHT_TILES + tile) * (ROWS + 1u);
  var count = 0u;
  var zero_row = 0u;
  for (var b = 0u; b < ROWS; b++) {
    var counts = false;
#for i in TILE_VECTORS
    counts = counts || is_nonzero(replica * ROWS + b, first + ${i}u);
#end
    if (counts) {
      count++;
      row_lists[list + count] = b;
    } else {
      zero_row = b;
    }
  }
  for (; count % UNROLL != 0u; ) {
    count++;
    row_lists[list + count] = zero_row;
  }
  row_lists[list] = count;
}
#end
