// Momentum as TensorFlow's MomentumOptimizer, with weight decay: v ← µ·v + g + decay·w,
// w ← w − step·v.
// `live` false leaves the weight as it is, and its velocity at 0.

@group(0) @binding(6) var<storage, read_write> velocity: array<vec4f>;

fn update(at: u32, weight: vec4f, gradient: vec4f, rate: f32, decay: f32, live: vec4<bool>) -> vec4f {
  let decayed = fma(vec4f(decay), weight, gradient);
  let v = select(vec4f(), fma(velocity[at], vec4f(MOMENTUM), decayed), live);
  velocity[at] = v;
  return select(weight, weight - rate * v, live);
}
