// Words of augmented rows (view_augmented.wgsl) from examples stored as floats. A loop at run time:
// the sparse gather has four of them, and browsers compile it for seconds already.

fn view_word(view: View, k: u32) -> ExampleWord {
  var word = vec4f();
  for (var e = 0u; e < 4u; e++) {
    let at = view_value(view, 4u * k + e);
    if (at != OUTSIDE) {
      word[e] = examples[view.example * WORDS + at / 4u][at % 4u];
    }
  }
  return word;
}
