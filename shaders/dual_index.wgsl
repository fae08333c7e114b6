// Shared by the dual_*.wgsl kernels: their invocations are counted through a grid of two
// dimensions, since WebGPU allows 65,535 workgroups in one.

// The number of a workgroup's first invocation.
fn first_of_group(group: vec3u, groups: vec3u) -> u32 {
  return (group.y * groups.x + group.x) * LANES;
}
