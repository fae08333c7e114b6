/**
 * The f64 oracle of the optimizers: each updates an array of parameters in place from its gradient,
 * with state that the caller keeps. Weights come with a mask, which keeps pruned ones exactly 0;
 * biases have none, and do not decay.
 */

import type { OptimizerSpec } from "../../src/engine/optimizers.ts";

/** An optimizer's state of one array of parameters. */
export interface OptimizerState {
  /** Updates made so far. */
  step: number;
  /** Arrays as long as the parameters: none (sgd), velocity, m and v. */
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

/** Builds an optimizer from what it subtracts from weight i, `w`; `g` is its gradient. */
function optimizer(
  slots: number,
  weightDecay: number,
  change: (g: number, i: number, state: OptimizerState, decayed: number) => number,
  isDecoupled = false,
): OracleOptimizer {
  return {
    start: (size) => ({
      step: 0,
      slots: Array.from({ length: slots }, () => new Float64Array(size)),
    }),
    update(state, weights, gradient, mask) {
      state.step++;
      for (let i = 0; i < weights.length; i++) {
        const decayed = mask ? weightDecay * weights[i] : 0;
        if (mask && mask[i] === 0) weights[i] = 0;
        else if (isDecoupled) weights[i] -= change(gradient[i], i, state, decayed);
        else weights[i] -= change(gradient[i] + decayed, i, state, 0);
      }
    },
  };
}

/** A learning rate: the same throughout, or by iteration, counted from 0. */
export type OracleRate = number | ((iteration: number) => number);

const rateAt = (rate: OracleRate, { step }: OptimizerState): number =>
  typeof rate === "number" ? rate : rate(step - 1);

/** w -= lr·(g + decay·w) */
export function sgd(learningRate: OracleRate, weightDecay = 0): OracleOptimizer {
  return optimizer(0, weightDecay, (g, _, state) => rateAt(learningRate, state) * g);
}

/** v = mu·v + g + decay·w; w -= lr·v (TensorFlow's MomentumOptimizer, PyTorch's SGD). */
export function momentum(learningRate: OracleRate, mu = 0.9, weightDecay = 0): OracleOptimizer {
  return optimizer(1, weightDecay, (g, i, state) => {
    const [v] = state.slots;
    v[i] = mu * v[i] + g;
    return rateAt(learningRate, state) * v[i];
  });
}

/** The same v; w -= lr·(g + decay·w + mu·v) (PyTorch's SGD with nesterov). */
export function nesterov(learningRate: OracleRate, mu = 0.9, weightDecay = 0): OracleOptimizer {
  return optimizer(1, weightDecay, (g, i, state) => {
    const [v] = state.slots;
    v[i] = mu * v[i] + g;
    return rateAt(learningRate, state) * (g + mu * v[i]);
  });
}

/** Kingma & Ba 2015, the efficient form at the end of section 2, as in TensorFlow 1. */
export function adam(
  learningRate: OracleRate,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0,
  isDecoupled = false,
): OracleOptimizer {
  const change = (g: number, i: number, state: OptimizerState, decayed: number) => {
    const { step, slots: [m, v] } = state;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    const rate = rateAt(learningRate, state);
    const size = rate * Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
    return size * m[i] / (Math.sqrt(v[i]) + epsilon) + rate * decayed;
  };
  return optimizer(2, weightDecay, change, isDecoupled);
}

/** Loshchilov & Hutter 2019: adam, and w -= lr·decay·w beside it. */
export function adamw(
  learningRate: OracleRate,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0,
): OracleOptimizer {
  return adam(learningRate, beta1, beta2, epsilon, weightDecay, true);
}

/** The oracle of an optimizer of the engine. */
export function oracleOptimizer(
  spec: OptimizerSpec,
  learningRate: OracleRate = spec.learningRate,
): OracleOptimizer {
  const { weightDecay } = spec;
  switch (spec.kind) {
    case "sgd":
      return sgd(learningRate, weightDecay);
    case "momentum":
      return momentum(learningRate, spec.momentum, weightDecay);
    case "nesterov":
      return nesterov(learningRate, spec.momentum, weightDecay);
    case "adam":
      return adam(learningRate, spec.beta1, spec.beta2, spec.epsilon, weightDecay);
    case "adamw":
      return adamw(learningRate, spec.beta1, spec.beta2, spec.epsilon, weightDecay);
  }
}
