// Shared by loss.wgsl and evaluate.wgsl: softmax statistics of one row of `logits`.

struct RowStatistics {
  maximum: f32,
  sum: f32,      // of exp(logit − maximum)
  best: u32,     // first column that holds the maximum
}

fn row_statistics(base: u32) -> RowStatistics {
  var s = RowStatistics(logits[base], 0.0, 0u);
  for (var c = 1u; c < CLASSES; c++) {
    let logit = logits[base + c];
    if (logit > s.maximum) {
      s.maximum = logit;
      s.best = c;
    }
  }
  for (var c = 0u; c < CLASSES; c++) {
    s.sum += exp(logits[base + c] - s.maximum);
  }
  return s;
}

// (loss, 1 if the prediction is right) of a row.
fn row_metrics(base: u32, label: u32, s: RowStatistics) -> vec2f {
  let loss = log(s.sum) - (logits[base + label] - s.maximum);
  return vec2f(loss, select(0.0, 1.0, s.best == label));
}
