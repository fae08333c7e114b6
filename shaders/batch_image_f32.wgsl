// A batch of images of floats whose channels are padded to whole vec4s: word k is four channels of
// one pixel.

fn batch_word(example: u32, k: u32, is_valid: bool) -> vec4f {
  var value = vec4f();
  let first = k / CHANNEL_VECTORS * IMAGE_CHANNELS + 4u * (k % CHANNEL_VECTORS);
  let count = min(4u, IMAGE_CHANNELS - 4u * (k % CHANNEL_VECTORS));
  for (var c = 0u; c < count; c++) {
    let at = first + c;
    let word = load_example(example * WORDS + at / 4u);
    value[c] = normalize_word(word, factor_of(example), at / 4u)[at % 4u];
  }
  return select(vec4f(), value, is_valid);
}
