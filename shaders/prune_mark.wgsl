// Clears the mask bits of what is pruned (see prune.wgsl).
//
//   chunks       (chunks)
//   jobs         (jobs)
//   weights      (quads, 4)       f32 bits of weights or scores
//   mask         (quads, 4)       in and out; 1 live, 0 pruned
//   histograms   (chunks, 256)    by the last byte, of keys that agree with the threshold in the
//                                 others
//
// Each lane owns a contiguous stretch of its chunk, so the ties of the chunks and of the lanes
// before it tell how many of its own are due. Grid: (chunks, 1, 1).

@group(0) @binding(0) var<storage, read> chunks: array<Chunk>;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> weights: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> mask: array<vec4f>;
@group(0) @binding(4) var<storage, read> histograms: array<u32>;

var<workgroup> earlier: array<u32, LANES>;   // ties in some of the chunks before
var<workgroup> ties: array<u32, LANES>;      // in each stretch; then in all before it

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = chunks[group.x];
  let job = jobs[chunk.job];
  let stretch = (chunk.count + LANES - 1u) / LANES;
  let start = chunk.first + min(chunk.count, lane * stretch);
  let end = chunk.first + min(chunk.count, (lane + 1u) * stretch);

  var before = 0u;
  for (var other = job.first + lane; other < group.x; other += LANES) {
    before += histograms[other * BINS + (job.threshold & 255u)];
  }
  earlier[lane] = before;
  var mine = 0u;
  for (var i = start; i < end; i++) {
    let bits = weights[i];
    let live = mask[i];
#for v in 4
    mine += u32(live[${v}] != 0.0 && key_of(bits[${v}]) == job.threshold);
#end
  }
  ties[lane] = mine;
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0u;
    for (var other = 0u; other < LANES; other++) {
      sum += earlier[other];
    }
    for (var other = 0u; other < LANES; other++) {
      let here = ties[other];
      ties[other] = sum;
      sum += here;
    }
  }
  workgroupBarrier();
  var seen = ties[lane];
  for (var i = start; i < end; i++) {
    let bits = weights[i];
    var live = mask[i];
#for v in 4
    let key${v} = key_of(bits[${v}]);
    let isTie${v} = live[${v}] != 0.0 && key${v} == job.threshold;
    if (key${v} < job.threshold || (isTie${v} && seen < job.due)) {
      live[${v}] = 0.0;
    }
    seen += u32(isTie${v});
#end
    mask[i] = live;
  }
}
