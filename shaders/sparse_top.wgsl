// The two last layers of a sparse network in training, in one kernel: outputs of the last hidden
// layer, logits, softmax cross-entropy, metrics, gradient at the logits, at the hidden layer and at
// the layer below it. As sparse_product.wgsl, sparse_head.wgsl and sparse_product.wgsl would do one
// after the other, to the same bits; llvmpipe takes 25 µs to begin a kernel, half of the work of
// each of these at 3% of LeNet-300-100's weights.
//
//   inputs    (R, IN_ROWS, COLUMNS)             the hidden layer's inputs, four examples to a column
//   labels    (AHEAD, R, COLUMNS)               NO_LABEL where the batch is short
//   outputs   (R, ROWS, COLUMNS)                out: the hidden layer's outputs
//   deltas    (R, DELTA_ROWS, COLUMNS)          out: (softmax − onehot) / examples; 0 for no example
//   gradient  (R, ROWS, COLUMNS)                out: gradient at the hidden layer's pre-activations
//   below     (R, IN_ROWS, COLUMNS)             out where HAS_BELOW is 1: at those of the layer below
//   metrics   (BURST, R)                        (step size, decay) of this iteration
//   latest    (R)                               out: Clock after this iteration
//   partials  (BURST, R, COLUMNS)               out: (loss, correct predictions) of each column
//
// A lane has its own four examples from beginning to end, and the hidden layer's outputs, then its
// gradient, in workgroup memory that no other lane reads: there is no barrier, and the columns are
// split among all processors. A batch is one tile; sparse_metrics.wgsl sums the partials of a burst.
// Loops over lists end at their bottom: llvmpipe goes through the body of a loop once more where it
// ends at the top. Grid: (COLUMNS / LANES, 1, R).

@group(0) @binding(0) var<storage, read> labels: array<vec4u>;
@group(0) @binding(1) var<storage, read> metrics: array<vec2f>;
@group(0) @binding(2) var<storage, read> clocks: array<Clock>;
@group(0) @binding(3) var<uniform> burst: Burst;
@group(0) @binding(11) var<storage, read_write> latest: array<Clock>;
@group(0) @binding(12) var<storage, read_write> partials: array<vec2f>;

var<workgroup> hidden: array<vec4f, ${HIDDEN}>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let replica = group.z;
  let iteration = clocks[replica].done;
  let slot = (iteration - burst.first) * REPLICAS + replica;
  let column = group.x * LANES + lane;
  // Where the batch is its input, that lies among others.
  let first_row = (replica + IS_BATCH * (iteration % AHEAD * REPLICAS)) * IN_ROWS;
  hidden[(ROWS - 1u) * LANES + lane] = vec4f(1.0);
  for (var u = 0u; u < UNITS; u++) {
    let range = range_of(UNIT_START, UNITS, replica, u);
    // An empty list's output is 0 for good.
    if (range.x < range.y) {
      var acc = vec4f();
      var g = range.x;
      loop {
        let rows = first_row + rows_of_group(g);
        let weights = weights_of_group(g);
#for i in 4
        acc = fma(vec4f(weights[${i}]), load_inputs(rows[${i}], column), acc);
#end
        g++;
        if (g >= range.y) { break; }
      }
      let output = activate(acc);
      hidden[u * LANES + lane] = output;
      store_outputs(replica * ROWS + u, column, output);
    }
  }
  for (var c = 0u; c < CLASSES; c++) {
    let range = range_of(CLASS_START, CLASSES, replica, c);
    var acc = vec4f();
    if (range.x < range.y) {
      var g = range.x;
      loop {
        let rows = rows_of_group(g) * LANES + lane;
        let weights = weights_of_group(g);
#for i in 4
        acc = fma(vec4f(weights[${i}]), hidden[rows[${i}]], acc);
#end
        g++;
        if (g >= range.y) { break; }
      }
    }
    logits[c] = acc;
  }
  let examples = f32(min(BATCH, TRAIN - (iteration % BATCHES) * BATCH));
  let label = labels[(iteration % AHEAD * REPLICAS + replica) * COLUMNS + column];
  let valid = label != vec4u(NO_LABEL);
  let s = statistics();
  let loss = select(vec4f(), losses(label, s), valid);
  let hit = select(vec4f(), hits(label, s), valid);
  partials[slot * COLUMNS + column] = vec2f(dot(loss, vec4f(1.0)), dot(hit, vec4f(1.0)));
  for (var c = 0u; c < CLASSES; c++) {
    let probability = exp(logit(c) - s.maximum) / s.sum;
    let onehot = select(vec4f(), vec4f(1.0), vec4u(c) == label);
    let delta = select(vec4f(), (probability - onehot) / examples, valid);
    store_deltas(replica * DELTA_ROWS + c, column, delta);
    logits[c] = delta;
  }
  for (var u = 0u; u < UNITS; u++) {
    let range = range_of(UNIT_INPUT_START, UNITS, replica, u);
    // A unit that feeds nothing has no gradient, for good.
    if (range.x < range.y) {
      var acc = vec4f();
      var p = range.x;
      loop {
        let classes = rows_of_pair(p);
        let weights = weights_of_pair(p);
#for i in 2
        acc = fma(vec4f(weights[${i}]), logits[classes[${i}]], acc);
#end
        p++;
        if (p >= range.y) { break; }
      }
      let delta = acc * derivative(hidden[u * LANES + lane]);
      hidden[u * LANES + lane] = delta;
      store_gradient(replica * ROWS + u, column, delta);
    }
  }
#for unused in HAS_BELOW
  for (var k = 0u; k < INPUTS; k++) {
    let range = range_of(INPUT_START, INPUTS, replica, k);
    if (range.x < range.y) {
      var acc = vec4f();
      var p = range.x;
      loop {
        let units = rows_of_pair(p) * LANES + lane;
        let weights = weights_of_pair(p);
#for i in 2
        acc = fma(vec4f(weights[${i}]), hidden[units[${i}]], acc);
#end
        p++;
        if (p >= range.y) { break; }
      }
      let activation = load_inputs(replica * IN_ROWS + k, column);
      store_below(replica * IN_ROWS + k, column, acc * derivative_below(activation));
    }
  }
#end
  if (column == 0u) {
    latest[replica] = Clock(iteration + 1u, metrics[slot].x, metrics[slot].y);
  }
}
