// AdamW (Loshchilov & Hutter 2019): Adam as in optimizer_adam.wgsl, with weight decay apart from the
// gradient: w ← w − decay·w − step·m/(√v + ε), where the host has multiplied decay by the learning
// rate. `live` false leaves the weight as it is, and both moments at 0.

@group(0) @binding(6) var<storage, read_write> first_moment: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> second_moment: array<vec4f>;

fn update(at: u32, weight: vec4f, gradient: vec4f, rate: f32, decay: f32, live: vec4<bool>) -> vec4f {
  let m = select(vec4f(), mix(gradient, first_moment[at], vec4f(BETA_1)), live);
  let v = select(vec4f(), mix(gradient * gradient, second_moment[at], vec4f(BETA_2)), live);
  first_moment[at] = m;
  second_moment[at] = v;
  return select(weight, fma(vec4f(-decay), weight, weight) - rate * m / (sqrt(v) + EPSILON), live);
}
