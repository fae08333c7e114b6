// A product with live weights: output row u = finish(sum over list u of weight · input row).
//
//   inputs   (R, TILES, IN_ROWS, COLUMNS)     one row for each feature, four examples to a column
//   outputs  (R, TILES, OUT_ROWS, COLUMNS)    out
//
// finish() is the activation (forward: lists of units) or the product with its derivative (gradient
// at the layer below: lists of inputs); rows_of() and weights_of() give ENTRIES of a list at a
// time; inputs begin at first_tile() (sparse_batch_*.wgsl). Each output is one fma chain in the
// order of its list. An invocation computes UNITS_EACH rows × VECTORS columns, one row after the
// other. Grid: (LISTS / (UNIT_LANES · UNITS_EACH), 1, R · TILES).

@compute @workgroup_size(LANES, UNIT_LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let tile = group.z;
  let replica = tile / TILES;
  let in_tile = first_tile() + tile;
  let column = id.x * VECTORS;
  let first_list = (group.x * UNIT_LANES + id.y) * UNITS_EACH;
  let end_list = min(first_list + UNITS_EACH, LISTS);
  for (var list = first_list; list < end_list; list++) {
    let range = range_of(START, LISTS, replica, list);
#for v in VECTORS
    var acc_${v} = vec4f();
#end
    // An empty list's output is 0 for good.
    if (range.x >= range.y) {
      continue;
    }
    // It ends at its bottom: llvmpipe goes through the body of a loop once more where it ends at the
    // top, a tenth of forward at 3% of LeNet-300-100's weights.
    var g = range.x;
    loop {
      let rows = in_tile * IN_ROWS + rows_of(g);
      let weights = weights_of(g);
#for i in ENTRIES
#for v in VECTORS
      acc_${v} = fma(vec4f(weights[${i}]), load_inputs(rows[${i}], column + ${v}u), acc_${v});
#end
#end
      g++;
      if (g >= range.y) { break; }
    }
#for v in VECTORS
    store_outputs(tile * OUT_ROWS + list, column + ${v}u, finish(acc_${v}, tile, list, column + ${v}u));
#end
  }
}
