// Examples stored as bytes, four to a word: v/255.
alias ExampleWord = u32;

fn example_values(word: ExampleWord) -> vec4f {
  return unpack4x8unorm(word);
}
