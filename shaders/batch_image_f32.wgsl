// A batch of images of floats whose channels are padded to whole vec4s: word k is four channels of
// one pixel.

fn batch_word(view: View, k: u32, is_valid: bool) -> vec4f {
  var value = vec4f();
  let pixel = k / CHANNEL_VECTORS;
  let channel = 4u * (k % CHANNEL_VECTORS);
  let count = min(4u, IMAGE_CHANNELS - channel);
  let shown = view_pixel(view, pixel);
  for (var c = 0u; c < count; c++) {
    // Its place in the row, which decides its mean, and that of its value in the example.
    let at = pixel * IMAGE_CHANNELS + channel + c;
    let source = shown * IMAGE_CHANNELS + channel + c;
    var raw = 0.0;
    if (is_inside(shown)) {
      raw = example_values(examples[view_example(view) * WORDS + source / 4u])[source % 4u];
    }
    value[c] = normalize_word(vec4f(raw), factor_of(view), at / 4u)[at % 4u];
  }
  return select(vec4f(), value, is_valid);
}
