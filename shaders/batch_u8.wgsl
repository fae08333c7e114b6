// A batch of bytes, four inputs to a word, where an input is a pixel's v/255: the constant 1 is
// 255.

// Word k of a row; 0 if the row holds no example.
fn batch_word(view: View, k: u32, is_valid: bool) -> u32 {
  var word = 0u;
  if (k < WORDS) {
    word = view_word(view, k);
  }
  if (k == FEATURES / 4u) {
    word |= 255u << (8u * (FEATURES % 4u));
  }
  return select(0u, word, is_valid);
}
