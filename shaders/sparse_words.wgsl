// Words of four features on their way from examples to the rows of a batch: those of four examples
// are turned, so that a row has four examples. store_feature() of sparse_batch_*.wgsl knows the row
// of a feature.

// Word `word` of an example, normalized; 0 where there is no example.
fn features_of(view: View, factor: f32, valid: bool, word: u32) -> vec4f {
  let value = example_values(view_word(view, word));
  return select(vec4f(), normalize_word(value, factor, word), valid);
}

// Stores the same word of four examples.
fn store_word(tile: u32, word: u32, column: u32, x_0: vec4f, x_1: vec4f, x_2: vec4f, x_3: vec4f) {
#for f in 4
  store_feature(
    tile,
    4u * word + ${f}u,
    column,
    vec4f(x_0[${f}], x_1[${f}], x_2[${f}], x_3[${f}]),
  );
#end
}
