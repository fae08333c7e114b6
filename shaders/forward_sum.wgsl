// The second stage of a forward in parts: adds the parts of each sum in their order, then ends it
// (finish_forward.wgsl). The bias is the last input that is not padding, so it is in one of them.
//
//   sums     (R, rows, PARTS, OUT_VECTORS)   of finish_part.wgsl
//   outputs  (R, rows, OUT_PITCH)            out
//
// One invocation computes four outputs. Grid: (OUT_VECTORS / LANES rounded up, rows, R).

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.z * groups.y + id.y;
  if (id.x < OUT_VECTORS) {
    var sum = load_sums(row, id.x);
    for (var part = 1u; part < PARTS; part++) {
      sum += load_sums(row, part * OUT_VECTORS + id.x);
    }
    finish(0u, row, id.x, sum);
  }
}
