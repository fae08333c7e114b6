// Counts the live weights of each chunk by the next byte of their keys (see prune.wgsl).
//
//   chunks       (chunks)
//   jobs         (jobs)
//   weights      (quads, 4)       f32 bits of weights or scores
//   mask         (quads, 4)       1 live, 0 pruned
//   histograms   (chunks, 256)    out
//
// Each lane reads a contiguous stretch: llvmpipe takes twice as long for neighbours in turn.
// Grid: (chunks, 1, 1).

@group(0) @binding(0) var<storage, read> chunks: array<Chunk>;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> weights: array<vec4u>;
@group(0) @binding(3) var<storage, read> mask: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> histograms: array<u32>;

var<workgroup> histogram: array<atomic<u32>, BINS>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = chunks[group.x];
  let prefix = jobs[chunk.job].threshold;
  let shift = jobs[chunk.job].shift - 8u;
  for (var bin = lane; bin < BINS; bin += LANES) {
    atomicStore(&histogram[bin], 0u);
  }
  workgroupBarrier();
  let stretch = (chunk.count + LANES - 1u) / LANES;
  let start = min(chunk.count, lane * stretch);
  let end = min(chunk.count, (lane + 1u) * stretch);
  for (var i = start; i < end; i++) {
    let bits = weights[chunk.first + i];
    let live = mask[chunk.first + i];
#for v in 4
    let key${v} = key_of(bits[${v}]);
    // Shifts of 32 are undefined, so the bits above this byte are compared in two steps.
    if (live[${v}] != 0.0 && ((key${v} ^ prefix) >> shift) >> 8u == 0u) {
      atomicAdd(&histogram[(key${v} >> shift) & 255u], 1u);
    }
#end
  }
  workgroupBarrier();
  for (var bin = lane; bin < BINS; bin += LANES) {
    histograms[group.x * BINS + bin] = atomicLoad(&histogram[bin]);
  }
}
