// All products of a layer (sparse_product.wgsl), forward or at the layer below; inputs begin at
// first_tile() (sparse_batch_*.wgsl). An invocation computes UNITS_EACH rows × VECTORS columns, one
// row after the other. Grid: (LISTS / (UNIT_LANES · UNITS_EACH), 1, R · TILES).

@compute @workgroup_size(LANES, UNIT_LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let tile = group.z;
  let in_tile = first_tile() + tile;
  let first_list = (group.x * UNIT_LANES + id.y) * UNITS_EACH;
  let end_list = min(first_list + UNITS_EACH, LISTS);
  for (var list = first_list; list < end_list; list++) {
    product(tile, in_tile, list, id.x * VECTORS);
  }
}
