/**
 * The f64 oracle of the optimizers: each updates an array of parameters in place from its gradient,
 * with state that the caller keeps. The mask, where given, keeps pruned weights exactly 0.
 */

/** An optimizer's state of one array of parameters. */
export interface OptimizerState {
  /** Updates made so far. */
  step: number;
  /** Arrays as long as the parameters: none (sgd), velocity (momentum), m and v (adam). */
  slots: Float64Array[];
}

export interface OracleOptimizer {
  /** The state before the first update of `size` parameters. */
  start(size: number): OptimizerState;
  /** One update of `weights` and `state` in place. */
  update(
    state: OptimizerState,
    weights: Float64Array,
    gradient: Float64Array,
    mask?: Float64Array,
  ): void;
}

/** Builds an optimizer from what it subtracts from weight i; `g` is the masked gradient. */
function optimizer(
  slots: number,
  change: (g: number, i: number, state: OptimizerState) => number,
): OracleOptimizer {
  return {
    start: (size) => ({
      step: 0,
      slots: Array.from({ length: slots }, () => new Float64Array(size)),
    }),
    update(state, weights, gradient, mask) {
      state.step++;
      for (let i = 0; i < weights.length; i++) {
        if (mask && mask[i] === 0) weights[i] = 0;
        else weights[i] -= change(gradient[i], i, state);
      }
    },
  };
}

/** A learning rate: the same throughout, or by iteration, counted from 0. */
export type OracleRate = number | ((iteration: number) => number);

const rateAt = (rate: OracleRate, { step }: OptimizerState): number =>
  typeof rate === "number" ? rate : rate(step - 1);

/** w -= lr·g */
export function sgd(learningRate: OracleRate): OracleOptimizer {
  return optimizer(0, (g, _, state) => rateAt(learningRate, state) * g);
}

/** v = mu·v + g; w -= lr·v (TensorFlow's MomentumOptimizer). */
export function momentum(learningRate: OracleRate, mu = 0.9): OracleOptimizer {
  return optimizer(1, (g, i, state) => {
    const [v] = state.slots;
    v[i] = mu * v[i] + g;
    return rateAt(learningRate, state) * v[i];
  });
}

/** Kingma & Ba 2015, the efficient form at the end of section 2, as in TensorFlow 1. */
export function adam(
  learningRate: OracleRate,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
): OracleOptimizer {
  return optimizer(2, (g, i, state) => {
    const { step, slots: [m, v] } = state;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    const rate = rateAt(learningRate, state) * Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
    return rate * m[i] / (Math.sqrt(v[i]) + epsilon);
  });
}
