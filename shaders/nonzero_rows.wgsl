// Lists, for each tile of the weight gradient, the batch rows whose inputs in that tile are not all 0.
//
//   inputs  (R, BATCH_ROWS, IN_PITCH)      InputWord (inputs_*.wgsl)
//   lists   (R, TILES, BATCH_ROWS + 1)     out: how many, then the rows in order
//
// Most pixels of an image of a digit are 0, and whole stretches of them are. A row that is 0 throughout
// a tile adds exactly 0 to its gradient, so leaving it out changes no bit. A list is filled up to a
// multiple of UNROLL with a row that is 0 there; a full list needs none. One lane per tile.
// Grid: (TILES / LANES, 1, R).

@group(0) @binding(0) var<storage, read> inputs: array<InputWord>;
@group(0) @binding(1) var<storage, read_write> lists: array<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x * LANES + lane;
  if (tile >= TILES) {
    return;
  }
  let first = min(tile * TILE_VECTORS, IN_VECTORS - TILE_VECTORS);
  let list = (group.z * TILES + tile) * (BATCH_ROWS + 1u);
  var count = 0u;
  var zero_row = 0u;
  for (var b = 0u; b < BATCH_ROWS; b++) {
    let input = (group.z * BATCH_ROWS + b) * IN_VECTORS + first;
    var counts = false;
#for i in TILE_VECTORS
    counts = counts || is_nonzero(input + ${i}u);
#end
    if (counts) {
      count++;
      lists[list + count] = b;
    } else {
      zero_row = b;
    }
  }
  for (; count % UNROLL != 0u; ) {
    count++;
    lists[list + count] = zero_row;
  }
  lists[list] = count;
}
