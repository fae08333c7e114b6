// Shared by the gather kernels: the examples, and each replica's way through them (gather.wgsl).

struct Replica {
  order_key: vec2u,
  split_key: vec2u,
  has_split: u32,
  padding: u32,
  label_map: array<u32, 256>,
  // Of crops and mirrorings (view_augmented.wgsl).
  augment_key: vec2u,
}

@group(0) @binding(0) var<storage, read> examples: array<ExampleWord>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> replicas: array<Replica>;

// The example at `position` of the pool as this replica splits it into training and validation.
fn pool_example(position: u32, replica: u32) -> u32 {
  if (replicas[replica].has_split == 0u) {
    return position;
  }
  return permute(position, POOL, replicas[replica].split_key);
}

// The label of an example as this replica sees it.
fn label_of(example: u32, replica: u32) -> u32 {
  let label = (labels[example / 4u] >> (8u * (example % 4u))) & 0xffu;
  return replicas[replica].label_map[label];
}
