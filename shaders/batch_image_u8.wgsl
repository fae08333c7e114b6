// A batch of images of bytes (batch_u8.wgsl) whose channels are padded to whole words: word k is
// four channels of one pixel.

fn batch_word(example: u32, k: u32, is_valid: bool) -> u32 {
  var word = 0u;
  let first = k / CHANNEL_VECTORS * IMAGE_CHANNELS + 4u * (k % CHANNEL_VECTORS);
  let count = min(4u, IMAGE_CHANNELS - 4u * (k % CHANNEL_VECTORS));
  for (var c = 0u; c < count; c++) {
    let at = first + c;
    word |= ((examples[example * WORDS + at / 4u] >> (8u * (at % 4u))) & 0xffu) << (8u * c);
  }
  return select(0u, word, is_valid);
}
