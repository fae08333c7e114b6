// Stochastic gradient descent with weight decay: w ← w − step·(g + decay·w).
// `live` false leaves the weight as it is.

fn update(at: u32, weight: vec4f, gradient: vec4f, rate: f32, decay: f32, live: vec4<bool>) -> vec4f {
  return select(weight, weight - rate * fma(vec4f(decay), weight, gradient), live);
}
