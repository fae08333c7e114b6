/**
 * What the page shows at once of the finished experiment that comes with it: its results, and the
 * weights that are drawn, in few bytes. Values are whole multiples of one small step; those of
 * pruned connections are left out, and so are the first ones of tickets, which begin as the full
 * network did.
 */

import type { ExperimentView, ImageShape, RunCurves } from "../../messages.ts";
import type { RunWeights } from "../../weights/sample.ts";
import type { Accuracies, RecordedRun } from "./recording.ts";

/** What is stored. */
export interface ExampleFile {
  /** What the page would be told of its files: all but training curves. */
  view: ExperimentView;
  curves: RunCurves[];
  shape: ImageShape;
  sample: RunWeights["sample"];
  iterations: number;
  /** Values are multiples of it. */
  step: number;
  runs: StoredRun[];
}

interface StoredRun
  extends Pick<RunWeights, "run" | "percent" | "liveOfFirst" | "threshold">, Accuracies {
  /** By connection 1 or 0, eight to a byte, in base 64. */
  live: string;
  frames: StoredFrame[];
}

/** Iteration; values of live connections as 16 bits each; bins as shares of `most`, 8 bits each. */
type StoredFrame = [iteration: number, values: string, bins: string, most: number];

const toText = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const toBytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

const LEVELS = 255, STEPS = 32767;

/** Makes what is stored. Throws where a ticket does not begin as the full network did. */
export function encodeExample(
  told: Pick<ExampleFile, "view" | "curves" | "shape">,
  runs: readonly RecordedRun[],
): ExampleFile {
  const largest = Math.max(
    ...runs.flatMap(({ weights }) =>
      weights.frames.flatMap(({ values }) => [...values].map(Math.abs))
    ),
  );
  const step = largest / STEPS, [full] = runs;
  const begun = full.weights.frames[0].values;
  return {
    ...told,
    step,
    sample: full.weights.sample,
    iterations: full.iterations!,
    runs: runs.map(({ weights, accuracies }) => {
      const { run, percent, liveOfFirst, threshold, live, frames } = weights;
      const first = frames[0].values;
      const isRewound = run.kind === "ticket" && run.level > 0;
      if (isRewound && first.some((value, i) => live[i] === 1 && value !== begun[i])) {
        throw new Error(`level ${run.level} does not begin as the full network did`);
      }
      return {
        ...{ run, percent, liveOfFirst, threshold, ...accuracies },
        live: toText(packed(live)),
        frames: frames.map(({ iteration, values, bins }, f): StoredFrame => {
          const kept = [...values].filter((_, i) => live[i] === 1);
          const steps = Int16Array.from(kept, (value) => Math.round(value / step));
          const most = Math.max(...bins);
          return [
            iteration,
            f === 0 && isRewound ? "" : toText(new Uint8Array(steps.buffer)),
            toText(Uint8Array.from(bins, (count) => Math.round(LEVELS * count / most))),
            most,
          ];
        }),
      };
    }),
  };
}

/** The runs of the example. */
export function decodeExample({ sample, iterations, step, runs }: ExampleFile): RecordedRun[] {
  let begun: Float32Array | null = null;
  return runs.map(({ initial, latest, live: bits, frames, ...stored }) => {
    const size = sample.layers.reduce(
      (n, { rows, columns }) => n + rows.length * columns.length,
      0,
    );
    const live = unpacked(toBytes(bits), size);
    const spreadOut = (text: string) => {
      const steps = new Int16Array(toBytes(text).buffer);
      let next = 0;
      return Float32Array.from(live, (is) => is === 1 ? steps[next++] * step : 0);
    };
    const decoded = frames.map(([iteration, values, bins, most]) => ({
      iteration,
      values: values === "" ? begun!.slice() : spreadOut(values),
      bins: Uint32Array.from(toBytes(bins), (share) => Math.round(share * most / LEVELS)),
    }));
    begun ??= decoded[0].values;
    return {
      weights: { ...stored, sample, live, frames: decoded },
      accuracies: { initial, latest },
      iterations,
    };
  });
}

function packed(live: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(live.length / 8));
  live.forEach((is, i) => bytes[i >> 3] |= is << (i & 7));
  return bytes;
}

function unpacked(bytes: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => bytes[i >> 3] >> (i & 7) & 1);
}
