// Views of a batch whose rows are examples as they are (see gather.wgsl).

alias View = u32;

fn view_of(example: u32, replica: u32) -> View {
  return example;
}

fn view_example(view: View) -> u32 {
  return view;
}

// Word k of a row.
fn view_word(view: View, k: u32) -> ExampleWord {
  return examples[view * WORDS + k];
}

// The pixel of the example that a row has at a place.
fn view_pixel(view: View, pixel: u32) -> u32 {
  return pixel;
}

fn is_inside(pixel: u32) -> bool {
  return true;
}
