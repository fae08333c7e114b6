// A batch of floats: words of four inputs.

// Word k of a row; 0 if the row holds no example.
fn batch_word(view: View, k: u32, is_valid: bool) -> vec4f {
  var value = vec4f();
  if (k < WORDS) {
    value = normalize_word(example_values(view_word(view, k)), factor_of(view), k);
  }
  value = select(value, vec4f(1.0), vec4u(4u * k) + vec4u(0u, 1u, 2u, 3u) == vec4u(FEATURES));
  return select(vec4f(), value, is_valid);
}
