// Identity.
fn activate(z: vec4f) -> vec4f {
  return z;
}

// Derivative as a function of the activation.
fn derivative(a: vec4f) -> vec4f {
  return vec4f(1.0);
}

// Derivative of `derivative` with respect to the activation.
fn curvature(a: vec4f) -> vec4f {
  return vec4f();
}
