// Words of augmented rows (view_augmented.wgsl) from examples stored as floats. A loop at run time:
// unrolled, the sparse gather, which has four of them, takes browsers seconds more to compile.

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
