// Stochastic gradient descent: w ← w − step·g. `live` false keeps the weight at exactly 0.

fn update(at: u32, weight: vec4f, gradient: vec4f, rate: f32, live: vec4<bool>) -> vec4f {
  return select(vec4f(), weight - rate * gradient, live);
}
