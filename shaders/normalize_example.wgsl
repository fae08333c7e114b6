// Normalization by example: a factor for all of its values (see gather.wgsl).

@group(0) @binding(2) var<storage, read> scales: array<f32>;

fn factor_of(view: View) -> f32 {
  return scales[view_example(view)];
}

// Four values of an example, by its factor; `word` is their place in its row.
fn normalize_word(value: vec4f, factor: f32, word: u32) -> vec4f {
  return value * factor;
}
