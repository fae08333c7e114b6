// A layer's inputs as floats, four to a word.
alias InputWord = vec4f;

fn load_input(word: u32) -> vec4f {
  return inputs[word];
}

fn is_nonzero(word: u32) -> bool {
  return any(inputs[word] != vec4f());
}
