// Examples stored as floats.
alias ExampleWord = vec4f;

fn example_values(word: ExampleWord) -> vec4f {
  return word;
}
