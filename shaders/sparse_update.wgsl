// Gradients of live weights, and the optimizer's update of them, of LAYERS layers from the first
// on.
//
//   inputs_l (R, TILES, IN_ROWS_l, COLUMNS)     the layer's inputs, four examples to a column
//   deltas_l (R, TILES, OUT_ROWS_l, COLUMNS)    gradient at its pre-activations
//   weights  (groups)                           in and out
//   values   (groups)                           out: the same, for the other kernels
//   clocks   (R)                                Clock (common.wgsl): this iteration's step size
//   first, second moment (groups)               as the optimizer needs (optimizer_*.wgsl)
//
// A convolution's sums go over the places of its kernel, of which place_l() gives the first rows
// among the inputs and the deltas; a dense layer has one, at rows 0.
//
// Weights do not decay here: those of a unit that nothing uses are on no list, and would have to.
// One group per invocation, of those from `first` on. Each gradient is summed in four fma chains,
// one for each example of a column. Where MOVES_CLOCKS is 1, the first R invocations copy the clocks
// to `done` besides (sparse_top.wgsl leaves that to them). Grid: enough for all groups, and
// replicas, along x and y.

struct Range {
  first: u32,
  end: u32,
  // COLUMNS
  columns: u32,
}

@group(0) @binding(0) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read> clocks: array<Clock>;
@group(0) @binding(2) var<uniform> range: Range;
#for unused in MOVES_CLOCKS
@group(0) @binding(3) var<storage, read_write> done: array<Clock>;
#end

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let own = range.first + (group.y * groups.x + group.x) * LANES + lane;
  let g = min(own, range.end - 1u);
  let inputs = record(g, 0u);
  let owner = record(g, 1u);
  // Batches of AHEAD iterations lie one after the other.
  let first_tile = (clocks[owner.y].done - 1u) % AHEAD * REPLICAS * TILES;
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
          if (column >= range.columns) { break; }
        }
      }
      p_${l}++;
      if (p_${l} >= PLACES_${l}) { break; }
    }
#end
    tile++;
    if (tile >= (owner.y + 1u) * TILES) { break; }
  }
#for unused in MOVES_CLOCKS
  if (own - range.first < REPLICAS) {
    done[own - range.first] = clocks[own - range.first];
  }
#end
  if (own < range.end) {
    let gradient = vec4f(sum(acc_0), sum(acc_1), sum(acc_2), sum(acc_3));
    let live = vec4u(0u, 1u, 2u, 3u) < vec4u(owner.z);
    let weight = update(g, weights[g], gradient, clocks[owner.y].rate, 0.0, live);
    weights[g] = weight;
    store_values(g / LIST_WIDTH, g % LIST_WIDTH, weight);
  }
}

fn sum(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}
