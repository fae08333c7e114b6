// sparse_product.wgsl at each pixel of an image: the lists are the same everywhere, and name rows
// relative to the pixel's first one (that of the constant 1 as it is).
//
//   inputs   (R, TILES, IN_ROWS, COLUMNS)     one row for each feature, four examples to a column
//   outputs  (R, TILES, OUT_ROWS, COLUMNS)    out
//
// place_of() tells where a pixel's rows begin and which lists are its own: (first row of the
// inputs, of the outputs, lists before). Zeros around an image are rows of it, so no list has an
// end at its border. An invocation computes UNITS_EACH channels × EACH pixels along a row × VECTORS
// columns. Grid: (LISTS / UNITS_EACH, pixels / EACH, R · TILES).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) id: vec3u,
) {
  let tile = group.z;
  let replica = tile / TILES;
  let column = id.x * VECTORS;
  let first_list = group.x * UNITS_EACH;
  let end_list = min(first_list + UNITS_EACH, LISTS);
  for (var block = group.y; block < BLOCKS; block += groups.y) {
    let place = place_of(block);
    for (var list = first_list; list < end_list; list++) {
      let range = range_of(START, LISTS * CLASSES, replica, place.z + list);
#for p in EACH
#for v in VECTORS
      var acc_${p}_${v} = vec4f();
#end
#end
      for (var g = range.x; g < range.y; g++) {
        let rows = rows_of(g);
        let weights = weights_of(g);
#for i in ENTRIES
        let first_${i} = tile * IN_ROWS + row_at(place.x, rows[${i}]);
        let step_${i} = step_of(rows[${i}]);
#for p in EACH
#for v in VECTORS
        acc_${p}_${v} = fma(
          vec4f(weights[${i}]),
          load_inputs(first_${i} + ${p}u * step_${i}, column + ${v}u),
          acc_${p}_${v},
        );
#end
#end
#end
      }
      // An empty list's output is 0 for good.
      if (range.x == range.y) {
        continue;
      }
#for p in EACH
#for v in VECTORS
      let row_${p}_${v} = place.y + ${p}u * OUT_STEP + list;
      store_outputs(
        tile * OUT_ROWS + row_${p}_${v},
        column + ${v}u,
        finish(acc_${p}_${v}, tile, row_${p}_${v}, column + ${v}u),
      );
#end
#end
    }
  }
}
