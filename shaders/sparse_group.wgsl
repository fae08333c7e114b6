// Gradients of a group of four live weights, and the optimizer's update of them.
//
//   inputs_l (R, TILES, IN_ROWS_l, COLUMNS)     a layer's inputs, four examples to a column
//   deltas_l (R, TILES, OUT_ROWS_l, COLUMNS)    gradient at its pre-activations
//
// A convolution's sums go over the places of its kernel, of which place_l() gives the first rows
// among the inputs and the deltas; a dense layer has one, at rows 0. The group is of one of LAYERS
// layers, from FIRST_LAYER on. Each gradient is summed in four fma chains, one for each example of
// a column. batch_tile() says where the batch begins, rate_of() how large a step is, weight_at()
// and store_weight() where weights are; update() is of optimizer_*.wgsl.
//
// Weights do not decay here: those of a unit that nothing uses are on no list, and would have to.

// Group `own`, if it is before `end`; `columns` is COLUMNS.
fn train_group(own: u32, end: u32, columns: u32) {
  let g = min(own, end - 1u);
  let inputs = record(g, 0u);
  let owner = record(g, 1u);
  let first_tile = batch_tile(owner.y);
#for i in 4
  var acc_${i} = vec4f();
#end
  // The loop over columns ends at its bottom, so that the other layers' is gone through once: a
  // processor's vector lanes go through both sides of an `if`, and llvmpipe through the body of a
  // loop once more where it ends at the top. Its end is no constant: Mesa unrolls such a loop, and
  // what comes of it takes twice as long.
  var tile = owner.y * TILES;
  loop {
#for l in LAYERS
    var p_${l} = 0u;
    loop {
      let place = place_${l}(p_${l});
      let moved = select(inputs + place.x, inputs, inputs == vec4u(ONES_${l}));
      let rows = (tile + IS_BATCH_${l} * first_tile) * IN_ROWS_${l} + moved;
      let delta_row = tile * OUT_ROWS_${l} + place.y + owner.x;
      if (owner.w == FIRST_LAYER + ${l}u) {
        var column = 0u;
        loop {
          let delta = load_deltas_${l}(delta_row, column);
#for i in 4
          acc_${i} = fma(load_inputs_${l}(rows[${i}], column), delta, acc_${i});
#end
          column++;
          if (column >= columns) { break; }
        }
      }
      p_${l}++;
      if (p_${l} >= PLACES_${l}) { break; }
    }
#end
    tile++;
    if (tile >= (owner.y + 1u) * TILES) { break; }
  }
  if (own < end) {
    let gradient = vec4f(sum(acc_0), sum(acc_1), sum(acc_2), sum(acc_3));
    let live = vec4u(0u, 1u, 2u, 3u) < vec4u(owner.z);
    store_weight(g, update(g, weight_at(g), gradient, rate_of(owner.y), 0.0, live));
  }
}

fn sum(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}
