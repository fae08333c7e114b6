// Shared by loss.wgsl and evaluate.wgsl: softmax statistics of one row of logits (R, rows, PITCH),
// which are reached through engine/kernels/matrix.ts. Rows count through all replicas.

fn logit(row: u32, c: u32) -> f32 {
  return load_logits(row, c / 4u)[c % 4u];
}

struct RowStatistics {
  maximum: f32,
  sum: f32,      // of exp(logit − maximum)
  best: u32,     // first column that holds the maximum
}

fn row_statistics(row: u32) -> RowStatistics {
  var s = RowStatistics(logit(row, 0u), 0.0, 0u);
  for (var c = 1u; c < CLASSES; c++) {
    let logit = logit(row, c);
    if (logit > s.maximum) {
      s.maximum = logit;
      s.best = c;
    }
  }
  for (var c = 0u; c < CLASSES; c++) {
    s.sum += exp(logit(row, c) - s.maximum);
  }
  return s;
}

// (loss, 1 if the prediction is right) of a row.
fn row_metrics(row: u32, label: u32, s: RowStatistics) -> vec2f {
  let loss = log(s.sum) - (logit(row, label) - s.maximum);
  return vec2f(loss, select(0.0, 1.0, s.best == label));
}
