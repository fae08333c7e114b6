// Hyperbolic tangent; the argument is clamped where f32 tanh is ±1, because some drivers overflow.
fn activate(z: vec4f) -> vec4f {
  return tanh(clamp(z, vec4f(-10.0), vec4f(10.0)));
}

// Derivative as a function of the activation.
fn derivative(a: vec4f) -> vec4f {
  return 1.0 - a * a;
}

// Derivative of `derivative` with respect to the activation.
fn curvature(a: vec4f) -> vec4f {
  return -2.0 * a;
}
