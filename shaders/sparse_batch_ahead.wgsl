// Where this iteration's batch begins among those that gather_train.wgsl has gathered ahead: tiles
// before its own.

@group(0) @binding(5) var<storage, read> clocks: array<Clock>;

fn first_tile() -> u32 {
  return clocks[0].done % AHEAD * REPLICAS * TILES;
}
