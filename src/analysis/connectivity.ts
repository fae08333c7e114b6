/**
 * Measures whether two finished networks lie in one valley of the loss (Frankle et al. 2020,
 * "Linear mode connectivity and the lottery ticket hypothesis", arXiv 1912.05671): loss and
 * accuracy along the straight line between them, the height of the barrier on it, and how often the
 * two predict different classes.
 */

import { InputError } from "../errors.ts";
import { type Network, toTensor } from "../models/network.ts";
import { union } from "../foundations/union.ts";
import { disagreement, interpolate, lossBarrier } from "./anatomy.ts";
import type { FinishedNetwork, NetworkEvaluator, Score } from "../models/network_evaluator.ts";

/** Networks on the line of a barrier, the two ends included, unless another number is asked for. */
export const BARRIER_POINTS = 11;

/** Networks at equal steps along a line, as measured on one set of examples. */
export interface Path {
  /** (points) mean cross-entropy, in nats. */
  losses: number[];
  /** (points) share of right predictions, 0 to 1. */
  accuracies: number[];
  /** See `lossBarrier`; in nats. */
  barrier: number;
}

/** The line between two networks. */
export interface Barrier {
  /** On the test examples. */
  test: Path;
  /** On the training examples; null if the evaluator has none. */
  train: Path | null;
  /** Share of the test examples to which the two networks give different classes, 0 to 1. */
  disagreement: number;
}

/**
 * The networks at `points` equal steps on the straight line from one network to another: weights
 * and biases (1 − α)·one + α·other, α from 0 to 1. A weight that is pruned in one of them is 0
 * there, so those between have the live weights of both, and the first and the last compute what
 * the two do.
 *
 * @throws InputError if the networks differ in layers or shapes, or fewer than two points are asked
 *   for
 */
export function networksBetween(
  one: FinishedNetwork,
  other: FinishedNetwork,
  points: number,
): FinishedNetwork[] {
  if (!Number.isInteger(points) || points < 2) {
    throw new InputError(`${points} points on a line: give a whole number from 2 on`);
  }
  const [names, others] = [one, other].map(({ masks }) => Object.keys(masks).sort().join(", "));
  if (names !== others) {
    throw new InputError(
      `the two networks have masks of different layers, ${names || "none"} and ${
        others || "none"
      }: give networks of one experiment`,
    );
  }
  const masks = union(one.masks, other.masks);
  const [from, to] = [one, other].map(maskedWeights);
  return Array.from({ length: points }, (_, i) => {
    const at = i / (points - 1);
    return {
      weights: interpolate(from, to, at),
      biases: interpolate(one.biases, other.biases, at),
      masks,
    };
  });
}

/**
 * Measures the line between two networks. Its ends are what `evaluate` says of the two, bit for
 * bit.
 *
 * ```ts
 * import { barrier, NetworkEvaluator, openGpu, uploadExamples } from "lottery-tickets";
 *
 * const gpu = await openGpu();
 * // One input, always 1; it is of class 0.
 * const one = { inputs: Float32Array.of(1), labels: Uint8Array.of(0), count: 1, features: 1 };
 * const examples = { test: await uploadExamples(gpu, one, "none") };
 * const layers = [{ name: "logits", inputs: 1, units: 2, activation: null, useBias: false }];
 * const network = (...weights: number[]) => ({
 *   weights: { logits: { shape: [1, 2], data: Float32Array.from(weights) } },
 *   biases: {},
 *   masks: { logits: { shape: [1, 2], data: Float32Array.of(1, 1) } },
 * });
 * const evaluator = await NetworkEvaluator.create(gpu, examples, layers, 11);
 * const { test, disagreement } = await barrier(evaluator, network(1, 0), network(0, 1));
 * console.log(test.losses, test.barrier, disagreement); // rises from 0.31 to 1.31; 0; 1
 * evaluator.destroy();
 * gpu.destroy();
 * ```
 *
 * @param points networks on the line, the two ends included
 * @throws InputError as `networksBetween` and `NetworkEvaluator.evaluate`
 */
export async function barrier(
  evaluator: Pick<NetworkEvaluator, "evaluate">,
  one: FinishedNetwork,
  other: FinishedNetwork,
  points: number = BARRIER_POINTS,
): Promise<Barrier> {
  const line = await evaluator.evaluate(networksBetween(one, other, points));
  const tests = line.map(({ test }) => test);
  const trains = line.flatMap(({ train }) => train ?? []);
  return {
    test: pathOf(tests),
    train: trains.length > 0 ? pathOf(trains) : null,
    disagreement: disagreement(tests[0].classes, tests.at(-1)!.classes),
  };
}

function pathOf(line: Score[]): Path {
  const losses = line.map(({ loss }) => loss);
  return {
    losses,
    accuracies: line.map(({ accuracy }) => accuracy),
    barrier: lossBarrier(losses),
  };
}

/** Weights with 0 where they are pruned, whatever the arrays hold there. */
function maskedWeights({ weights, masks }: FinishedNetwork): Network {
  return Object.fromEntries(
    Object.entries(weights).map(([name, given]) => {
      const { shape, data } = toTensor(given, `weights of ${name}`);
      const mask = masks[name]?.data;
      return [name, { shape, data: data.map((w, i) => mask?.[i] === 0 ? 0 : w) }];
    }),
  );
}
