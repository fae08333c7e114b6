// Masked weight gradient with the optimizer's update as its epilogue:
// gradient = (inputsᵀ · deltas) ⊙ mask, then weights ← update(weights, gradient).
//
//   inputs    (R, BATCH_ROWS, IN_PITCH)     InputWord (inputs_*.wgsl); this layer's inputs, column INPUTS is 1 (bias)
//   deltas    (R, BATCH_ROWS, OUT_PITCH)    vec4f; gradient at this layer's pre-activations
//   mask      (R, IN_PITCH, MASK_WORDS)     bit c of a row: weight c is live; bias row and padding too
//   weights   (R, IN_PITCH, OUT_PITCH)      vec4f; in and out
//   steps     (R)                           step size of this iteration
//   rows_*.wgsl                             which batch rows count
//   first, second moment                    as the optimizer needs (optimizer_*.wgsl)
//
// The gradient is never stored: the update reads it from registers. A weight whose mask bit is 0 is
// written as exactly 0 whatever the optimizer says. Tiles as in forward.wgsl: 4·TILE_VECTORS weight
// rows × 4·VECTORS columns. Grid: (column groups / LANES, IN_VECTORS / TILE_VECTORS rounded up, R).

@group(0) @binding(0) var<storage, read> inputs: array<InputWord>;
@group(0) @binding(1) var<storage, read> deltas: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> steps: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column_group = group.x * LANES + lane;
  let column = min(column_group * VECTORS, OUT_VECTORS - VECTORS);
  let row_vector = min(group.y * TILE_VECTORS, IN_VECTORS - TILE_VECTORS);
  let replica = group.z;
  let input = replica * BATCH_ROWS * IN_VECTORS + row_vector;
  let delta = replica * BATCH_ROWS * OUT_VECTORS + column;
  let row_tile = replica * TILES + group.y;
  let row_end = row_count(row_tile);
#for i in TILE_VECTORS
#for j in 4
#for v in VECTORS
  var acc_${i}_${j}_${v} = vec4f();
#end
#end
#end
  for (var i = 0u; i < row_end; i += UNROLL) {
#for u in UNROLL
    let b_${u} = batch_row(row_tile, i + ${u}u);
#for v in VECTORS
    let d_${u}_${v} = deltas[delta + b_${u} * OUT_VECTORS + ${v}u];
#end
#end
#for i in TILE_VECTORS
#for u in UNROLL
    let x_${u}_${i} = load_input(input + b_${u} * IN_VECTORS + ${i}u);
#end
#for j in 4
#for v in VECTORS
#for u in UNROLL
    acc_${i}_${j}_${v} = fma(vec4f(x_${u}_${i}[${j}]), d_${u}_${v}, acc_${i}_${j}_${v});
#end
#end
#end
#end
  }
  // Through an array, so that the epilogue is a loop: unrolled, its loads and stores are most of the
  // kernel's code and take llvmpipe seconds to compile (Adam, 40 vec4s: 2.2 s unrolled, 1.2 s as a loop).
  var tile: array<vec4f, ${TILE}>;
#for i in TILE_VECTORS
#for j in 4
#for v in VECTORS
  tile[(4u * ${i}u + ${j}u) * VECTORS + ${v}u] = acc_${i}_${j}_${v};
#end
#end
#end
  let step = steps[replica];
  // The last tile along either axis is shifted back inside the matrix; its overlap belongs to the tile
  // before it and must not be updated twice. Lanes past the last column own nothing.
  let first_row = 4u * group.y * TILE_VECTORS;
  let first_column = column_group * VECTORS;
  for (var t = 0u; t < TILE; t++) {
    let row = 4u * row_vector + t / VECTORS;
    let c = column + t % VECTORS;
    if (row >= first_row && c >= first_column) {
      let word = mask[(replica * IN_PITCH + row) * MASK_WORDS + c / 8u] >> (4u * (c % 8u));
      let live = (vec4u(word) & vec4u(1u, 2u, 4u, 8u)) != vec4u();
      let at = (replica * IN_PITCH + row) * OUT_VECTORS + c;
      weights[at] = update(at, weights[at], tile[t], step, live);
    }
  }
}
