// Logistic sigmoid.
fn activate(z: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-z));
}

// Derivative as a function of the activation.
fn derivative(a: vec4f) -> vec4f {
  return a * (1.0 - a);
}

// Derivative of `derivative` with respect to the activation.
fn curvature(a: vec4f) -> vec4f {
  return 1.0 - 2.0 * a;
}
