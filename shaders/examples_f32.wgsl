// Examples stored as floats.
alias ExampleWord = vec4f;

fn load_example(word: u32) -> vec4f {
  return examples[word];
}
