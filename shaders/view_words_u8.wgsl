// Words of augmented rows (view_augmented.wgsl) from examples stored as bytes. A loop at run time:
// the sparse gather has four of them, and browsers compile it for seconds already.

fn view_word(view: View, k: u32) -> ExampleWord {
  var word = 0u;
  for (var e = 0u; e < 4u; e++) {
    let at = view_value(view, 4u * k + e);
    if (at != OUTSIDE) {
      let four = examples[view.example * WORDS + at / 4u];
      word |= ((four >> (8u * (at % 4u))) & 0xffu) << (8u * e);
    }
  }
  return word;
}
