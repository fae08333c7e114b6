// Adam (Kingma & Ba 2015, the efficient form at the end of section 2, as TensorFlow): the
// schedule's step is rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ), computed in f64 on the host; w ← w − step·m/(√v +
// ε). Weight decay is added to the gradient: g + decay·w. `live` false leaves the weight as it is,
// and both moments at 0.

@group(0) @binding(6) var<storage, read_write> first_moment: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> second_moment: array<vec4f>;

fn update(at: u32, weight: vec4f, gradient: vec4f, rate: f32, decay: f32, live: vec4<bool>) -> vec4f {
  let decayed = fma(vec4f(decay), weight, gradient);
  let m = select(vec4f(), mix(decayed, first_moment[at], vec4f(BETA_1)), live);
  let v = select(vec4f(), mix(decayed * decayed, second_moment[at], vec4f(BETA_2)), live);
  first_moment[at] = m;
  second_moment[at] = v;
  return select(weight, weight - rate * m / (sqrt(v) + EPSILON), live);
}
