// Masked weight gradient with the optimizer's update as its epilogue:
// gradient = (inputsᵀ · deltas) ⊙ mask, then weights ← update(weights, gradient).
//
//   inputs    (AHEAD, R, BATCH_ROWS, IN_PITCH)  this layer's inputs, column INPUTS is 1 (bias)
//   deltas    (R, BATCH_ROWS, OUT_PITCH)    gradient at this layer's pre-activations
//   weights   (R, IN_PITCH, OUT_PITCH)      in and out
//   mask      (R, IN_PITCH, MASK_WORDS)     bit c of a row: weight c is live; bias row and padding too
//   clocks    (R)                           Clock (common.wgsl): this iteration's step size and decay
//   steps_*.wgsl                            which batch rows count
//   first, second moment                    as the optimizer needs (optimizer_*.wgsl)
//
// The matrices are reached through the functions of engine/kernels/matrix.ts. The gradient is never
// stored: the update reads it from registers. A weight whose mask bit is 0 is written as it was,
// whatever the optimizer says: 0, or its initial value (Zhou et al. 2019). Tiles as in
// forward.wgsl: 4·TILE_VECTORS weight rows × 4·VECTORS columns. Grid: (column groups / LANES,
// IN_VECTORS / TILE_VECTORS rounded up, R).

@group(0) @binding(4) var<storage, read> clocks: array<Clock>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column_group = group.x * LANES + lane;
  let column = min(column_group * VECTORS, OUT_VECTORS - VECTORS);
  let row_vector = min(group.y * TILE_VECTORS, IN_VECTORS - TILE_VECTORS);
  let replica = group.z;
  let first_example = replica * BATCH_ROWS;
  // Where the batch is the input, it lies among those of AHEAD iterations.
  let batch = (clocks[replica].done - 1u) % AHEAD * REPLICAS + replica;
  let first_input = batch * BATCH_ROWS;
  let row_tile = batch * TILES + group.y;
  let row_end = step_count(row_tile);
#for i in TILE_VECTORS
#for j in 4
#for v in VECTORS
  var acc_${i}_${j}_${v} = vec4f();
#end
#end
#end
  if (row_end > 0u) {
    var i = 0u;
    loop {
#for u in UNROLL
    let b_${u} = step_at(row_tile, i + ${u}u);
#for v in VECTORS
    let d_${u}_${v} = load_deltas(first_example + b_${u}, column + ${v}u);
#end
#end
#for i in TILE_VECTORS
#for u in UNROLL
    let x_${u}_${i} = load_inputs(first_input + b_${u}, row_vector + ${i}u);
#end
#for j in 4
#for v in VECTORS
#for u in UNROLL
    acc_${i}_${j}_${v} = fma(vec4f(x_${u}_${i}[${j}]), d_${u}_${v}, acc_${i}_${j}_${v});
#end
#end
#end
#end
      i += UNROLL;
      if (i >= row_end) { break; }
    }
  }
  // Through an array, so that the epilogue is a loop: unrolled, its loads and stores are most of
  // the kernel's code and take llvmpipe seconds to compile (Adam, 40 vec4s: 2.2 s unrolled, 1.2 s
  // as a loop).
  var tile: array<vec4f, ${TILE}>;
#for i in TILE_VECTORS
#for j in 4
#for v in VECTORS
  tile[(4u * ${i}u + ${j}u) * VECTORS + ${v}u] = acc_${i}_${j}_${v};
#end
#end
#end
  let clock = clocks[replica];
  // The last tile along either axis is shifted back inside the matrix; its overlap belongs to the
  // tile before it and must not be updated twice. Lanes past the last column own nothing.
  let first_row = 4u * group.y * TILE_VECTORS;
  let first_column = column_group * VECTORS;
  for (var t = 0u; t < TILE; t++) {
    let row = 4u * row_vector + t / VECTORS;
    let c = column + t % VECTORS;
    if (row >= first_row && c >= first_column) {
      let weight_row = replica * IN_PITCH + row;
      let word = load_mask_word(weight_row, c / 8u) >> (4u * (c % 8u));
      let live = (vec4u(word) & vec4u(1u, 2u, 4u, 8u)) != vec4u();
      let at = weight_row * OUT_VECTORS + c;
      let decay = select(clock.decay, 0.0, row == INPUTS);  // biases do not decay
      let weight = load_weights(weight_row, c);
      store_weights(weight_row, c, update(at, weight, tile[t], clock.rate, decay, live));
    }
  }
}
