// A batch of images of bytes (batch_u8.wgsl) whose channels are padded to whole words: word k is
// four channels of one pixel.

fn batch_word(view: View, k: u32, is_valid: bool) -> u32 {
  var word = 0u;
  let channel = 4u * (k % CHANNEL_VECTORS);
  let count = min(4u, IMAGE_CHANNELS - channel);
  let shown = view_pixel(view, k / CHANNEL_VECTORS);
  if (is_inside(shown)) {
    for (var c = 0u; c < count; c++) {
      let at = shown * IMAGE_CHANNELS + channel + c;
      let four = examples[view_example(view) * WORDS + at / 4u];
      word |= ((four >> (8u * (at % 4u))) & 0xffu) << (8u * c);
    }
  }
  return select(0u, word, is_valid);
}
