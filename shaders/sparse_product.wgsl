// A product with live weights: output row u = finish(sum over list u of weight · input row), in
// VECTORS columns of four examples.
//
//   inputs   (R, TILES, IN_ROWS, COLUMNS)     one row for each feature, four examples to a column
//   outputs  (R, TILES, OUT_ROWS, COLUMNS)    out
//
// finish() is the activation (forward: lists of units) or the product with its derivative (gradient
// at the layer below: lists of inputs); rows_of() and weights_of() give ENTRIES of a list at a
// time. Each output is one fma chain in the order of its list.

fn product(tile: u32, in_tile: u32, list: u32, column: u32) {
  let range = range_of(START, LISTS, tile / TILES, list);
  // An empty list's output is 0 for good.
  if (range.x < range.y) {
#for v in VECTORS
    var acc_${v} = vec4f();
#end
    // It ends at its bottom: llvmpipe goes through the body of a loop once more where it ends at
    // the top, a tenth of forward at 3% of LeNet-300-100's weights.
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
    let output_${v} = finish(acc_${v}, tile, list, column + ${v}u);
    store_outputs(tile * OUT_ROWS + list, column + ${v}u, output_${v});
#end
  }
}
