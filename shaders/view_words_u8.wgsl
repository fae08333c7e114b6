// Words of augmented rows (view_augmented.wgsl) from examples stored as bytes.

fn view_word(view: View, k: u32) -> ExampleWord {
  var word = 0u;
#for e in 4
  let at_${e} = view_value(view, 4u * k + ${e}u);
  if (at_${e} != OUTSIDE) {
    let four_${e} = examples[view.example * WORDS + at_${e} / 4u];
    word |= ((four_${e} >> (8u * (at_${e} % 4u))) & 0xffu) << (8u * ${e}u);
  }
#end
  return word;
}
