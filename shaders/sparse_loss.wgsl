// The last layer of a sparse network in training, for four examples of a replica, those of column
// `all` of all: softmax cross-entropy, metrics, gradient at the logits and, where IS_FUSED is 1,
// all in one with what comes before and after: logits, gradient at the layer below through the last
// layer's weights.
//
//   inputs    (R, TILES, IN_ROWS, COLUMNS)      fused: the last layer's inputs, four examples each
//   outputs   (R, TILES, DELTA_ROWS, COLUMNS)   else: its logits
//   deltas    (R, TILES, DELTA_ROWS, COLUMNS)   out: (softmax − onehot) / examples; else 0
//   below     (R, TILES, IN_ROWS, COLUMNS)      fused, out: the same at the layer below
//
// labels_of() gives the labels of the four. HAS_BELOW is 0 where the last layer is the first or not
// fused, IS_LOADED is 1 − IS_FUSED.

// Returns the sums of the four's losses and correct predictions; `examples` are those of the batch.
fn head(replica: u32, iteration: u32, examples: f32, all: u32) -> vec2f {
  let tile = replica * TILES + all / COLUMNS;
  let column = all % COLUMNS;
  // Where the batch is its input, that lies among others.
  let in_tile = tile + IS_BATCH * (iteration % AHEAD * REPLICAS * TILES);
#for unused in IS_FUSED
  for (var c = 0u; c < CLASSES; c++) {
    let range = range_of(START, CLASSES, replica, c);
    var acc = vec4f();
    for (var g = range.x; g < range.y; g++) {
      let rows = in_tile * IN_ROWS + rows_of_group(g);
      let weights = weights_of_group(g);
#for i in 4
      acc = fma(vec4f(weights[${i}]), load_inputs(rows[${i}], column), acc);
#end
    }
    logits[c] = acc;
  }
#end
#for unused in IS_LOADED
  first_logit = tile * DELTA_ROWS;
  logit_column = column;
#end
  let label = labels_of(replica, iteration, all);
  let valid = label != vec4u(NO_LABEL);
  let s = statistics();
  let loss = select(vec4f(), losses(label, s), valid);
  let hit = select(vec4f(), hits(label, s), valid);
  let sums = vec2f(dot(loss, vec4f(1.0)), dot(hit, vec4f(1.0)));
  for (var c = 0u; c < CLASSES; c++) {
    let probability = exp(logit(c) - s.maximum) / s.sum;
    let onehot = select(vec4f(), vec4f(1.0), vec4u(c) == label);
    let delta = select(vec4f(), (probability - onehot) / examples, valid);
    store_deltas(tile * DELTA_ROWS + c, column, delta);
#for unused in HAS_BELOW
    logits[c] = delta;
#end
  }
#for unused in HAS_BELOW
  for (var u = 0u; u < INPUTS; u++) {
    let range = range_of(INPUT_START, INPUTS, replica, u);
    // A unit that feeds nothing has no gradient, for good.
    if (range.x == range.y) {
      continue;
    }
    var acc = vec4f();
    for (var p = range.x; p < range.y; p++) {
      let classes = rows_of_pair(p);
      let weights = weights_of_pair(p);
#for i in 2
      acc = fma(vec4f(weights[${i}]), logits[classes[${i}]], acc);
#end
    }
    let activation = load_inputs(tile * IN_ROWS + u, column);
    store_below(tile * IN_ROWS + u, column, acc * derivative(activation));
  }
#end
  return sums;
}
