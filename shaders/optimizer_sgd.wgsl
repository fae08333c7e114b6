// Stochastic gradient descent with weight decay: w ← w − step·(g + decay·w).
// `live` false keeps the weight at exactly 0.

fn update(at: u32, weight: vec4f, gradient: vec4f, rate: f32, decay: f32, live: vec4<bool>) -> vec4f {
  return select(vec4f(), weight - rate * fma(vec4f(decay), weight, gradient), live);
}
