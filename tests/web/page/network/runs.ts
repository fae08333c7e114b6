/** Small runs to draw, for tests: four connections of one layer. */

import type { RunId } from "../../../../src/records/run_id.ts";
import type { RecordedRun } from "../../../../src/web/page/network/recording.ts";
import { frameOf, type NetworkSample, sampleNetwork } from "../../../../src/web/weights/sample.ts";

export const SAMPLE: NetworkSample = sampleNetwork([["a", [2, 2]]], [2])!;

/** A run whose values at some iterations these are. */
export function runOf(
  id: Partial<RunId>,
  live: number[],
  frames: [iteration: number, ...values: number[]][],
  threshold: number | null = null,
): RecordedRun {
  const liveOfFirst = live.reduce((a, b) => a + b, 0);
  return {
    weights: {
      run: { kind: "ticket", trial: 1, level: 0, run: 0, ...id },
      sample: SAMPLE,
      percent: 25 * liveOfFirst,
      liveOfFirst,
      live: Uint8Array.from(live),
      frames: frames.map(([iteration, ...values]) =>
        frameOf(SAMPLE, iteration, { a: Float32Array.from(values) }, { a: live })
      ),
      threshold,
    },
    accuracies: { initial: 0.1, latest: 0.9 },
    iterations: 100,
  };
}

/** The full network, a ticket of three weights, and its control. */
export const FULL = runOf({}, [1, 1, 1, 1], [[0, 0.5, -0.25, 1, -1], [100, 0.75, -0.125, 2, -0.5]]);
export const TICKET = runOf(
  { level: 1 },
  [1, 0, 1, 1],
  [[0, 0.5, -0.25, 1, -1], [100, 1, 0, 1.5, -2]],
  0.125,
);
export const CONTROL = runOf(
  { kind: "reinit", level: 1, run: 1 },
  [1, 0, 1, 1],
  [[0, -0.5, 0, 0.25, 0.75], [100, -1, 0, 0.5, 1]],
);
