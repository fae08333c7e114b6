// The first layer's inputs as bytes, four to a word: v/255. A quarter of the memory to read.
alias InputWord = u32;

fn load_input(word: u32) -> vec4f {
  return unpack4x8unorm(inputs[word]);
}

fn is_nonzero(word: u32) -> bool {
  return inputs[word] != 0u;
}
