// Softmax statistics of four examples at a time, as softmax.wgsl has them of one. Their logits are
// given by logit() of sparse_logits_*.wgsl: (CLASSES), four examples to a vec4.

struct Statistics {
  maximum: vec4f,
  sum: vec4f,      // of exp(logit − maximum)
  best: vec4u,     // first class that holds the maximum
}

fn statistics() -> Statistics {
  var s = Statistics(logit(0u), vec4f(), vec4u());
  for (var c = 1u; c < CLASSES; c++) {
    let next = logit(c);
    let larger = next > s.maximum;
    s.maximum = select(s.maximum, next, larger);
    s.best = select(s.best, vec4u(c), larger);
  }
  for (var c = 0u; c < CLASSES; c++) {
    s.sum += exp(logit(c) - s.maximum);
  }
  return s;
}

// Losses of the four.
fn losses(label: vec4u, s: Statistics) -> vec4f {
  var own = vec4f();
  for (var c = 0u; c < CLASSES; c++) {
    own = select(own, logit(c), label == vec4u(c));
  }
  return log(s.sum) - (own - s.maximum);
}

// 1 where the prediction is right.
fn hits(label: vec4u, s: Statistics) -> vec4f {
  return select(vec4f(), vec4f(1.0), s.best == label);
}
