/** Tells the page of the weights of the runs that are trained: a sample of those of one trial. */

import type { ScoredPruning, TrainedWeights } from "../../runs/provide.ts";
import type { RunId, StartedRun } from "../../records/run_id.ts";
import { scoreHistograms } from "../../analysis/score_histogram.ts";
import type { Masks } from "../../models/masks.ts";
import {
  frameOf,
  type NetworkSample,
  type RunWeights,
  sampled,
  sampleNetwork,
  shareOf,
  type WeightFrame,
} from "./sample.ts";
import { isShown } from "./shown_runs.ts";

/** What is told: a run begins with these weights, or has come to those. */
export type WeightEvent =
  | { type: "network"; weights: RunWeights }
  | { type: "weights"; run: RunId; frame: WeightFrame };

type Arrays = Record<string, Float32Array>;

/** The arrays of some tensors, by the same names. */
export function dataOf(network: Masks): Arrays {
  return Object.fromEntries(Object.entries(network).map(([name, { data }]) => [name, data]));
}

/** Tells of the trial whose run comes first. */
export class LiveWeights {
  #trial: number | null = null;
  /** The latest pruning of that trial. */
  #cut: { next: number; layer: string; threshold: number | null } | null = null;
  /** By run that is trained now. */
  readonly #training = new Map<string, { sample: NetworkSample; masks: Arrays }>();

  constructor(private readonly send: (event: WeightEvent) => void) {}

  /** A run begins. */
  start({ masks, weights, imageShape, kind, trial, level, run }: StartedRun): void {
    this.#trial ??= trial;
    if (trial !== this.#trial || !isShown({ kind, run })) return;
    const shapes = Object.entries(weights).map(([name, { shape }]) => [name, shape] as const);
    const sample = sampleNetwork(shapes, imageShape);
    if (sample === null) return;
    const id = { kind, trial, level, run }, live = dataOf(masks);
    this.#training.set(keyOf(id), { sample, masks: live });
    const cut = kind === "ticket" && this.#cut?.next === level ? this.#cut : null;
    this.send({
      type: "network",
      weights: {
        run: id,
        sample,
        ...shareOf(sample, masks),
        live: Uint8Array.from(sampled(sample, live)),
        frames: [frameOf(sample, 0, dataOf(weights), live)],
        threshold: cut?.layer === sample.layers[0].name ? cut.threshold : null,
      },
    });
  }

  /** A run has come to these weights. */
  advance(run: RunId, iteration: number, weights: TrainedWeights): void {
    const known = this.#training.get(keyOf(run));
    if (!known) return;
    const { sample, masks } = known;
    this.send({
      type: "weights",
      run: { kind: run.kind, trial: run.trial, level: run.level, run: run.run },
      frame: frameOf(sample, iteration, weights, masks),
    });
  }

  /** A run has ended. */
  end(run: RunId): void {
    this.#training.delete(keyOf(run));
  }

  /** A level was pruned. */
  prune({ trial, next, scores, before, after, scope }: ScoredPruning): void {
    if (trial !== this.#trial) return;
    const [first] = scoreHistograms({ scores, before, after, scope });
    if (first) this.#cut = { next, layer: first.layer, threshold: first.threshold };
  }
}

const keyOf = ({ kind, trial, level, run }: RunId) => `${kind} ${trial} ${level} ${run}`;
