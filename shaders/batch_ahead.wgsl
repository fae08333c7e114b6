// Where this iteration's batch begins among those that gather_train.wgsl has gathered ahead, in
// whatever `each` batch has so many of.

@group(0) @binding(4) var<storage, read> clocks: array<Clock>;

fn first_tile(each: u32) -> u32 {
  return clocks[0].done % AHEAD * each;
}
