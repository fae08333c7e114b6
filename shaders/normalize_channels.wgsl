// Normalization by channel: less its mean, over its standard deviation, the same for all examples
// (see gather.wgsl). A row's channels repeat after CHANNELS words at the latest.

struct ChannelWord {
  means: vec4f,
  inverses: vec4f,
}

@group(0) @binding(2) var<storage, read> scales: array<ChannelWord>;

fn factor_of(view: View) -> f32 {
  return 1.0;
}

// Four values of an example; 0 behind its last one. The difference comes first: no compiler may
// fuse it with the product, and the host computes the same bits.
fn normalize_word(value: vec4f, factor: f32, word: u32) -> vec4f {
  let channels = scales[word % CHANNELS];
  let column = vec4u(4u * word) + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(), (value - channels.means) * channels.inverses, column < vec4u(FEATURES));
}
