// Finds the next byte of each job's threshold (see prune.wgsl).
//
//   jobs         (jobs)           in and out
//   histograms   (chunks, 256)
//
// Grid: (jobs, 1, 1).

@group(0) @binding(0) var<storage, read_write> jobs: array<Job>;
@group(0) @binding(1) var<storage, read> histograms: array<u32>;

var<workgroup> histogram: array<u32, BINS>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let job = jobs[group.x];
  for (var bin = lane; bin < BINS; bin += LANES) {
    var sum = 0u;
    for (var chunk = job.first; chunk < job.first + job.count; chunk++) {
      sum += histograms[chunk * BINS + bin];
    }
    histogram[bin] = sum;
  }
  workgroupBarrier();
  if (lane == 0u) {
    var below = 0u;
    var bin = 0u;
    for (; bin < 255u; bin++) {
      let here = histogram[bin];
      if (below + here >= job.due) {
        break;
      }
      below += here;
    }
    let shift = job.shift - 8u;
    jobs[group.x].threshold = job.threshold | (bin << shift);
    jobs[group.x].due = job.due - below;
    jobs[group.x].shift = shift;
  }
}
