// Words of augmented rows (view_augmented.wgsl) from examples stored as floats.

fn view_word(view: View, k: u32) -> ExampleWord {
  var word = vec4f();
#for e in 4
  let at_${e} = view_value(view, 4u * k + ${e}u);
  if (at_${e} != OUTSIDE) {
    word[${e}] = examples[view.example * WORDS + at_${e} / 4u][at_${e} % 4u];
  }
#end
  return word;
}
