// Sums the rows of one evaluated split: (sum of losses, correct predictions).
//
//   rows    (R, SPAN)     (loss, outcome): see evaluate.wgsl; an outcome from 0 on is a right prediction
//   totals  (SLOTS, R)    out; slot.index tells which evaluation of the burst this is
//
// Each lane sums every LANES-th row in order, lane 0 sums the lanes in order: the result depends
// neither on R nor on how the split was cut into windows. Grid: (1, 1, R).

@group(0) @binding(0) var<storage, read> rows: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> totals: array<vec2f>;
@group(0) @binding(2) var<uniform> slot: Slot;

struct Slot {
  index: u32,
  count: u32,   // rows of the split
}

var<workgroup> partial: array<vec2f, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sums = vec2f();
  for (var row = lane; row < slot.count; row += LANES) {
    let measured = rows[group.z * SPAN + row];
    sums += vec2f(measured.x, select(0.0, 1.0, measured.y >= 0.0));
  }
  partial[lane] = sums;
  workgroupBarrier();
  if (lane == 0u) {
    var total = vec2f();
    for (var i = 0u; i < LANES; i++) {
      total += partial[i];
    }
    totals[slot.index * REPLICAS + group.z] = total;
  }
}
