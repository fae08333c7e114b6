/** A burst: iterations and evaluations that are read back as one, and what is measured in it. */

import type { Split } from "../kernels/program_spec.ts";

/** One step of a burst. */
export type BurstStep = { iterate: number } | { evaluate: Split };

/** Mean loss and correct predictions over the `count` examples of a batch or split, by replica. */
export interface Measurement {
  count: number;
  losses: number[];
  correct: number[];
}

/** An evaluation that tells what each network says of each example. */
export interface Prediction extends Measurement {
  /** By replica, the class of each example of the split, in its order. */
  classes: Uint8Array<ArrayBuffer>[];
}

/** The results of a burst. */
export interface BurstResult {
  /** One per iteration, in order. */
  iterations: Measurement[];
  /** One per evaluation, in order. */
  evaluations: Measurement[];
  /** How long the GPU worked on it; null where the adapter has no timestamps. */
  gpuMilliseconds: number | null;
  /** The same by submit; null for one that was not timed. */
  submitMilliseconds: (number | null)[];
}

/** A measurement from pairs by replica: `scale` times the mean loss, and correct predictions. */
export function measurementOf(pairs: Float32Array, count: number, scale: number): Measurement {
  const replicas = pairs.length / 2;
  return {
    count,
    losses: Array.from({ length: replicas }, (_, r) => pairs[2 * r] / scale),
    correct: Array.from({ length: replicas }, (_, r) => pairs[2 * r + 1]),
  };
}
