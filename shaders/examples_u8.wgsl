// Examples stored as bytes, four to a word: v/255.
alias ExampleWord = u32;

fn load_example(word: u32) -> vec4f {
  return unpack4x8unorm(examples[word]);
}
