// weight_gradient.wgsl with a tile of one weight row × 4·VECTORS columns, for GPUs with more lanes
// than a network has tiles of four rows. Matrices, lists, sums and updates are the same, and so are
// the bits: a row of the weights is one component of a word of the inputs.
//
// Grid: (column groups / LANES, IN_PITCH, R).

@group(0) @binding(4) var<storage, read> clocks: array<Clock>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_column = (group.x * LANES + lane) * VECTORS;
  let column = min(first_column, OUT_VECTORS - VECTORS);
  let row = group.y;
  let word = row / 4u;
  let component = row % 4u;
  let replica = group.z;
  let first_example = replica * BATCH_ROWS;
  let batch = (clocks[replica].done - 1u) % AHEAD * REPLICAS + replica;
  let first_input = batch * BATCH_ROWS;
  let row_tile = batch * TILES + word;
  let row_end = step_count(row_tile);
#for v in VECTORS
  var acc_${v} = vec4f();
#end
  for (var i = 0u; i < row_end; i += UNROLL) {
#for u in UNROLL
    let b_${u} = step_at(row_tile, i + ${u}u);
    let x_${u} = vec4f(load_inputs(first_input + b_${u}, word)[component]);
#for v in VECTORS
    let d_${u}_${v} = load_deltas(first_example + b_${u}, column + ${v}u);
#end
#end
#for v in VECTORS
#for u in UNROLL
    acc_${v} = fma(x_${u}, d_${u}_${v}, acc_${v});
#end
#end
  }
  let clock = clocks[replica];
  let weight_row = replica * IN_PITCH + row;
  let decay = select(clock.decay, 0.0, row == INPUTS);  // biases do not decay
  // As in weight_gradient.wgsl: columns of the tile before, or past the last, are not this lane's.
#for v in VECTORS
  {
    let c = column + ${v}u;
    if (c >= first_column) {
      let bits = load_mask_word(weight_row, c / 8u) >> (4u * (c % 8u));
      let live = (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u();
      let at = weight_row * OUT_VECTORS + c;
      let weight = load_weights(weight_row, c);
      store_weights(weight_row, c, update(at, weight, acc_${v}, clock.rate, decay, live));
    }
  }
#end
}
