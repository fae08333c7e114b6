// Exact threshold selection and mask update of one job per workgroup: of the live weights the
// `prune` smallest lose their mask bit, ties by lowest index. A weight's key is its magnitude, or
// with IS_SIGNED its value, where -0 must not occur.
//
//   jobs     (jobs)      first element, number of elements, live weights to prune
//   weights  (total)     f32 bits of weights or scores
//   mask     (total)     in and out; 1 live, 0 pruned
//
// Radix selection over the bits of the keys (as integers they order like the floats), a byte at a
// time from the top: a histogram of the live weights that match the prefix found so far tells the
// next byte of the threshold. Integer atomics only, so the result does not depend on their order.
// Then every weight below the threshold goes, and as many of those equal to it as are still due, in
// index order: each lane owns a contiguous stretch, so a prefix sum of the stretches' ties gives
// each lane its share. Grid: (jobs, 1, 1).

struct Job {
  first: u32,
  count: u32,
  prune: u32,
}

@group(0) @binding(0) var<storage, read> jobs: array<Job>;
@group(0) @binding(1) var<storage, read> weights: array<u32>;
@group(0) @binding(2) var<storage, read_write> mask: array<f32>;

const SIGN = 0x80000000u;

// Bits that order as unsigned integers like the magnitude, or the value, of a float.
fn key_of(bits: u32) -> u32 {
  if (IS_SIGNED == 0u) {
    return bits & ~SIGN;
  }
  return select(bits | SIGN, ~bits, (bits & SIGN) != 0u);
}

var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> ties: array<u32, LANES>;
var<workgroup> threshold: u32;   // its bytes found so far
var<workgroup> due: u32;         // weights still to prune among those that match the threshold

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let job = jobs[group.x];
  if (lane == 0u) {
    threshold = 0u;
    due = job.prune;
  }
  let stretch = (job.count + LANES - 1u) / LANES;
  let start = min(job.count, lane * stretch) + job.first;
  let end = min(job.count, (lane + 1u) * stretch) + job.first;

  for (var shift = 32u; shift > 0u; ) {
    shift -= 8u;
    for (var bin = lane; bin < 256u; bin += LANES) {
      atomicStore(&histogram[bin], 0u);
    }
    workgroupBarrier();
    let prefix = threshold;
    for (var i = start; i < end; i++) {
      let key = key_of(weights[i]);
      // Shifts of 32 are undefined, so the bits above this byte are compared in two steps.
      let matches = ((key ^ prefix) >> shift) >> 8u == 0u;
      if (mask[i] != 0.0 && matches) {
        atomicAdd(&histogram[(key >> shift) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var below = 0u;
      var bin = 0u;
      for (; bin < 255u; bin++) {
        let here = atomicLoad(&histogram[bin]);
        if (below + here >= due) {
          break;
        }
        below += here;
      }
      threshold |= bin << shift;
      due -= below;
    }
    workgroupBarrier();
  }

  var mine = 0u;
  for (var i = start; i < end; i++) {
    if (mask[i] != 0.0 && key_of(weights[i]) == threshold) {
      mine++;
    }
  }
  ties[lane] = mine;
  workgroupBarrier();
  var seen = 0u;
  for (var other = 0u; other < lane; other++) {
    seen += ties[other];
  }
  for (var i = start; i < end; i++) {
    let key = key_of(weights[i]);
    if (mask[i] == 0.0 || key > threshold) {
      continue;
    }
    if (key == threshold) {
      seen++;
      if (seen > due) {
        continue;
      }
    }
    mask[i] = 0.0;
  }
}
