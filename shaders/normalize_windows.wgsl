// Normalization by example where rows are windows of images (view_augmented.wgsl) whose norms
// differ: a factor for each place of a window, behind those of whole examples (see gather.wgsl).

@group(0) @binding(2) var<storage, read> scales: array<f32>;

fn factor_of(view: View) -> f32 {
  return scales[POOL + (view.example * PLACES + view.top) * PLACES + view.left];
}

// Four values of an example, by its factor; `word` is their place in its row.
fn normalize_word(value: vec4f, factor: f32, word: u32) -> vec4f {
  return value * factor;
}
