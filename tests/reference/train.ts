/**
 * The f64 oracle of a training run: takes a network, an optimizer, examples and the order of the
 * batches; gives the metrics of every iteration and the trained network.
 */
import {
  backward,
  forward,
  type OracleAnyLayer,
  oracleInputs,
  softmaxCrossEntropy,
} from "./network.ts";
import type { OptimizerState, OracleOptimizer } from "./optimizers.ts";

export interface OracleRun {
  layers: OracleAnyLayer[];
  optimizer: OracleOptimizer;
  /** (N, features), already normalized */
  inputs: Float64Array;
  /** (N) class numbers */
  labels: ArrayLike<number>;
  /** Indices of the examples of each iteration's batch. */
  batches: number[][];
}

export interface OracleTrained {
  /** Loss and accuracy of each iteration's batch, before its update. */
  metrics: { loss: number; accuracy: number }[];
  /** The trained layers; those of the run are left as they were. */
  layers: OracleAnyLayer[];
  /** State of each layer's weights and biases after the last iteration. */
  states: { weights: OptimizerState; biases: OptimizerState }[];
}

/** Trains one iteration per batch. */
export function trainOracle(run: OracleRun): OracleTrained {
  const { optimizer, inputs, labels, batches } = run;
  const layers = run.layers.map((layer) => ({
    ...layer,
    weights: layer.weights.map((w, i) => layer.mask[i] === 0 ? 0 : w),
    biases: layer.biases.slice(),
  }));
  const states = layers.map(({ weights, biases }) => ({
    weights: optimizer.start(weights.length),
    biases: optimizer.start(biases.length),
  }));
  const features = oracleInputs(layers[0]);
  const classes = layers[layers.length - 1].biases.length;

  const metrics = batches.map((batch) => {
    const x = new Float64Array(batch.length * features);
    batch.forEach((example, b) =>
      x.set(inputs.subarray(example * features, (example + 1) * features), b * features)
    );
    const values = forward(layers, x, batch.length);
    const { loss, accuracy, gradient } = softmaxCrossEntropy(
      values.post[layers.length - 1],
      batch.map((example) => labels[example]),
      batch.length,
      classes,
    );
    backward(layers, x, batch.length, values, gradient).forEach((layerGradient, l) => {
      const { weights, biases, mask } = layers[l];
      optimizer.update(states[l].weights, weights, layerGradient.weights, mask);
      optimizer.update(states[l].biases, biases, layerGradient.biases);
    });
    return { loss, accuracy };
  });
  return { metrics, layers, states };
}
