/** Estimates the work of a training in iterations; evaluations count as what they cost. */

/** How long to train and when to evaluate. */
export interface TrainingPlan {
  /** Iteration at which training begins: as many updates were made by other runs. Default: 0. */
  start?: number;
  /** Iteration at which training ends. */
  iterations: number;
  /** Iteration at which to pause and to return the state. Default: the end. */
  pause?: number;
  /** Iteration of the pause before: the work up to it has been counted. Default: `start`. */
  resumed?: number;
  /** Iterations between two evaluations of the validation split, also at the end; null: never. */
  validateInterval: number | null;
  /** The same for the test set. */
  testInterval: number | null;
}

/** Examples of an iteration, and of the evaluation of each split. */
export interface WorkSizes {
  batchSize: number;
  validate: number;
  test: number;
}

/** An iteration passes its batch forward, backward and through the weights' gradient. */
const PASSES_OF_ITERATION = 3;

/** Iterations that cost as much as evaluating `examples` examples. */
export function evaluationWork(examples: number, batchSize: number): number {
  return examples / batchSize / PASSES_OF_ITERATION;
}

/**
 * The work of a training, or of its part since the last pause, up to the end of iteration `done`,
 * with the evaluations due by then.
 */
export function trainingWork(
  plan: TrainingPlan,
  { batchSize, validate, test }: WorkSizes,
  done: number = plan.pause ?? plan.iterations,
): number {
  const { start = 0, resumed = start, iterations, validateInterval, testInterval } = plan;
  const evaluations = (interval: number | null) => {
    if (interval === null) return 0;
    const isFirst = resumed === start;
    const isExtra = done === iterations && done > start && done % interval !== 0;
    const due = Math.floor(done / interval) - Math.floor(resumed / interval);
    return due + (isFirst ? 1 : 0) + (isExtra ? 1 : 0);
  };
  return done - resumed + evaluationWork(validate, batchSize) * evaluations(validateInterval) +
    evaluationWork(test, batchSize) * evaluations(testInterval);
}
