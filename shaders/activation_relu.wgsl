// Rectified linear unit. A NaN passes, so that a diverged network is seen as one.
fn activate(z: vec4f) -> vec4f {
  return select(z, vec4f(), z < vec4f());
}

// Derivative as a function of the activation; 0 at 0.
fn derivative(a: vec4f) -> vec4f {
  return select(vec4f(), vec4f(1.0), a > vec4f());
}

// Derivative of `derivative` with respect to the activation.
fn curvature(a: vec4f) -> vec4f {
  return vec4f();
}
