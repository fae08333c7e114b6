// Names that several kernels share.

// The label of a row that holds no example.
const NO_LABEL = 0xffffffffu;

// The iterations of one submit: `first` is the number done before it.
struct Burst {
  first: u32,
}

// How far a replica's training has come: iterations done, and the step size and weight decay of the
// latest of them.
struct Clock {
  done: u32,
  rate: f32,
  decay: f32,
}

// The rows of an evaluation: positions first..end of a split, results from `output` on; `pool` is 1
// where the split is cut out of the shuffled pool (training, validation), 0 for the test set.
struct Window {
  first: u32,
  end: u32,
  pool: u32,
  output: u32,
}
