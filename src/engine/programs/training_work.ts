/** Estimates the work of a training in iterations; evaluations count as what they cost. */

/** How long to train and when to evaluate. */
export interface TrainingPlan {
  /** Updates in all. */
  iterations: number;
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

/** The work of a training up to the end of iteration `done`, with the evaluations due by then. */
export function trainingWork(
  plan: TrainingPlan,
  { batchSize, validate, test }: WorkSizes,
  done: number = plan.iterations,
): number {
  const { iterations, validateInterval, testInterval } = plan;
  const evaluations = (interval: number | null) => {
    if (interval === null) return 0;
    const isExtra = done === iterations && done % interval !== 0;
    return 1 + Math.floor(done / interval) + (isExtra ? 1 : 0);
  };
  return done + evaluationWork(validate, batchSize) * evaluations(validateInterval) +
    evaluationWork(test, batchSize) * evaluations(testInterval);
}
