// Whole training iterations of sparse networks of dense layers, several in one dispatch, one
// workgroup a network: gather, forward layer by layer, loss and metrics, backward, update, with a
// barrier where gather.wgsl and the other sparse kernels have a dispatch. Each stage is theirs, to
// the same bits: sparse_words.wgsl, sparse_product.wgsl, sparse_loss.wgsl and sparse_group.wgsl, of
// each layer a copy with names of its own
// (src/engine/kernels/sparse/sparse_iterations_kernel.ts).
//
//   examples, labels, scales, replicas   as in gather.wgsl
//   records, values                      as in sparse_lists.wgsl; values are updated
//   words      behind the records        (R, WORDS + 1) as in sparse_gather.wgsl, four to a vec4u
//   moments                              as the optimizer needs (optimizer_*.wgsl)
//   metrics    (BURST, R)                in: (step size, decay)
//                                        out: (mean loss, correct predictions)
//   work       activations_l             (R, TILES, ROWS_l, COLUMNS): the batch, then layers' outputs
//              deltas_l                  (R, TILES, ROWS_{l + 1}, COLUMNS): gradients at them
//
// In each stage a lane takes every LANES-th item: rows of the batch, words of four features, rows of
// a layer's outputs, columns of the loss, groups of weights. `before` counts the burst's iterations
// before this dispatch, `count` those in it; both are uniforms at dynamic offsets, so that one
// pipeline serves all dispatches. Grid: (R, 1, 1).

struct Number {
  value: u32,
}

struct Sizes {
  // vec4us of the records before the words.
  words: u32,
  // COLUMNS; see sparse_group.wgsl.
  columns: u32,
}

@group(0) @binding(8) var<storage, read_write> metrics: array<vec2f>;
@group(0) @binding(9) var<storage, read_write> work: array<vec4f>;
@group(0) @binding(10) var<uniform> burst: Burst;
@group(0) @binding(11) var<uniform> before: Number;
@group(0) @binding(12) var<uniform> count: Number;
@group(0) @binding(13) var<uniform> sizes: Sizes;

// Of the batch: its examples, or NO_LABEL, their labels, and sums of the metrics of each column.
var<workgroup> chosen: array<u32, EXAMPLES>;
var<workgroup> batch_labels: array<u32, EXAMPLES>;
var<workgroup> partial: array<vec2f, BATCH_COLUMNS>;

var<private> iteration: u32;
var<private> rate: f32;

fn iteration_of(replica: u32) -> u32 {
  return iteration;
}

fn labels_of(replica: u32, iteration: u32, all: u32) -> vec4u {
  let first = 4u * all;
  return vec4u(
    batch_labels[first],
    batch_labels[first + 1u],
    batch_labels[first + 2u],
    batch_labels[first + 3u],
  );
}

fn batch_tile(replica: u32) -> u32 {
  return 0u;
}

fn rate_of(replica: u32) -> f32 {
  return rate;
}

fn weight_at(group: u32) -> vec4f {
  return load_values(group / LIST_WIDTH, group % LIST_WIDTH);
}

fn store_weight(group: u32, weight: vec4f) {
  store_values(group / LIST_WIDTH, group % LIST_WIDTH, weight);
}

fn word_at(replica: u32, index: u32) -> u32 {
  let word = replica * (WORDS + 1u) + index;
  let at = sizes.words + word / 4u;
  return load_records(at / LIST_WIDTH, at % LIST_WIDTH)[word % 4u];
}

// Which examples the batch has.
fn find(replica: u32, lane: u32) {
  for (var row = lane; row < EXAMPLES; row += LANES) {
    let position = row_position(row, replica);
    let valid = position != NO_LABEL;
    chosen[row] = position;
    batch_labels[row] = select(NO_LABEL, label_of(select(0u, position, valid), replica), valid);
  }
}

fn gather(replica: u32, lane: u32) {
  let items = word_at(replica, 0u) * BATCH_COLUMNS;
  for (var item = lane; item < items; item += LANES) {
    let word = word_at(replica, 1u + item / BATCH_COLUMNS);
    let column = item % BATCH_COLUMNS;
#for e in 4
    let position_${e} = chosen[4u * column + ${e}u];
    let valid_${e} = position_${e} != NO_LABEL;
    let view_${e} = view_of(select(0u, position_${e}, valid_${e}), replica);
    let factor_${e} = select(0.0, factor_of(view_${e}), valid_${e});
    let x_${e} = features_of(view_${e}, factor_${e}, valid_${e}, word);
#end
    let tile = replica * TILES + column / COLUMNS;
    store_word(tile, word, column % COLUMNS, x_0, x_1, x_2, x_3);
  }
}

// The metrics of the batch, summed as sparse_head.wgsl sums them: of each column over the tiles,
// then of the columns.
fn measure(replica: u32, slot: u32, examples: f32) {
  var total = vec2f();
  for (var column = 0u; column < COLUMNS; column++) {
    var sums = vec2f();
    for (var tile = 0u; tile < TILES; tile++) {
      sums += partial[tile * COLUMNS + column];
    }
    total += sums;
  }
  metrics[slot] = vec2f(total.x / examples, total.y);
}

// Makes the writes of each lane visible to all others.
fn barrier() {
  storageBarrier();
  workgroupBarrier();
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let replica = group.x;
  let first_tile = replica * TILES;
  for (var i = 0u; i < count.value; i++) {
    let slot = (before.value + i) * REPLICAS + replica;
    iteration = burst.first + before.value + i;
    rate = metrics[slot].x;
    find(replica, lane);
    barrier();
    gather(replica, lane);
    barrier();
#for l in LAYERS
    for (var item = lane; item < UNITS_${l} * TILES * ACROSS; item += LANES) {
      let row = item / ACROSS;
      let tile = first_tile + row / UNITS_${l};
      forward_${l}(tile, tile, row % UNITS_${l}, item % ACROSS * VECTORS);
    }
    barrier();
#end
    let examples = f32(min(BATCH, TRAIN - (iteration % BATCHES) * BATCH));
    for (var all = lane; all < BATCH_COLUMNS; all += LANES) {
      partial[all] = head(replica, iteration, examples, all);
    }
    barrier();
#for b in BACKWARD
    for (var item = lane; item < SOURCES_${b} * TILES * ACROSS; item += LANES) {
      let row = item / ACROSS;
      let tile = first_tile + row / SOURCES_${b};
      backward_${b}(tile, tile, row % SOURCES_${b}, item % ACROSS * VECTORS);
    }
    barrier();
#end
    if (lane == 0u) {
      measure(replica, slot, examples);
    }
#for l in LAYERS
    let end_${l} = range_of(UNIT_START_${l}, UNITS_${l}, replica, UNITS_${l} - 1u).y;
    let first_${l} = range_of(UNIT_START_${l}, UNITS_${l}, replica, 0u).x;
    for (var own = first_${l} + lane; own < end_${l}; own += LANES) {
      train_group_${l}(own, end_${l}, sizes.columns);
    }
#end
    barrier();
  }
}
