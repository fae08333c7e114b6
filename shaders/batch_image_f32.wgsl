// A batch of images of floats whose channels are padded to whole vec4s: word k is four channels of
// one pixel.

fn batch_word(example: u32, k: u32, is_valid: bool) -> vec4f {
  var value = vec4f();
  let first = k / CHANNEL_VECTORS * CHANNELS + 4u * (k % CHANNEL_VECTORS);
  let count = min(4u, CHANNELS - 4u * (k % CHANNEL_VECTORS));
  for (var c = 0u; c < count; c++) {
    let at = first + c;
    value[c] = load_example(example * WORDS + at / 4u)[at % 4u] * scales[example];
  }
  return select(vec4f(), value, is_valid);
}
