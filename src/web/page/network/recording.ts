/**
 * What the drawing of the network knows of an experiment: the weights of one trial's runs and how
 * accurate they are, from the worker's events, from files, or from the example of the page.
 */

import type { FinishedRun } from "../../../records/finished_run.ts";
import { inOrder, type RunId } from "../../../records/run_id.ts";
import type { LaboratoryEvent } from "../../messages.ts";
import type { RunWeights, WeightFrame } from "../../weights/sample.ts";

/** Accuracies on held-out digits, from 0 to 1; null where they are not known. */
export interface Accuracies {
  /** Before training. */
  initial: number | null;
  /** The latest. */
  latest: number | null;
}

/** A run that can be drawn. */
export interface RecordedRun {
  weights: RunWeights;
  accuracies: Accuracies;
  /** Iterations that it has or will have; null until that is known. */
  iterations: number | null;
}

/** More frames of a run than these are not kept: every second one goes. */
const MOST_FRAMES = 48;

const keyOf = ({ kind, trial, level, run }: RunId): string => `${kind} ${trial} ${level} ${run}`;

/** Gathers what is known. */
export class Recording {
  readonly #weights = new Map<string, RunWeights>();
  readonly #accuracies = new Map<string, Accuracies>();
  #iterations: number | null = null;
  /** The trial that is told of as it trains; null before any is. */
  liveTrial: number | null = null;

  /** Takes what the worker tells; returns whether there is more to draw. */
  receive(event: LaboratoryEvent): boolean {
    if (event.type === "network") this.#begin(event.weights);
    else if (event.type === "weights") {
      const known = this.#weights.get(keyOf(event.run));
      if (!known) return false;
      known.frames = withFrame(known.frames, event.frame);
    } else if (event.type === "progress") {
      this.#iterations = event.iterations;
      return false;
    } else if (event.type === "points") {
      const { validate, test } = event.points, first = test[0] ?? validate[0];
      const last = test.at(-1) ?? validate.at(-1);
      const { initial, latest } = this.#of(event.run);
      this.#accuracies.set(keyOf(event.run), {
        initial: first?.iteration === 0 ? first.accuracy : initial,
        latest: last?.accuracy ?? latest,
      });
    } else if (event.type === "run") this.#summarize(event.summary);
    else return false;
    return true;
  }

  /** Takes finished runs: their figures, and their weights as they were stored. */
  add(summaries: readonly FinishedRun[], weights: readonly RunWeights[]): void {
    for (const summary of summaries) this.#summarize(summary);
    for (const run of weights) {
      const key = keyOf(run.run);
      // What was seen in training has more frames.
      if (this.#weights.has(key)) continue;
      this.#weights.set(key, run);
      this.#iterations = Math.max(this.#iterations ?? 1, run.frames.at(-1)!.iteration);
    }
  }

  /** Runs whose weights are known. */
  has(run: RunId): boolean {
    return this.#weights.has(keyOf(run));
  }

  /** The runs of a trial to draw, in order. */
  runsOf(trial: number): RecordedRun[] {
    const ofTrial = [...this.#weights.values()].filter(({ run }) => run.trial === trial);
    return ofTrial.sort((a, b) => inOrder(a.run, b.run)).map((weights) => ({
      weights,
      accuracies: this.#of(weights.run),
      iterations: this.#iterations,
    }));
  }

  /** A run that is resumed from a checkpoint keeps what was seen of it. */
  #begin(weights: RunWeights): void {
    this.liveTrial = weights.run.trial;
    const key = keyOf(weights.run), { frames } = this.#weights.get(key) ?? weights;
    this.#weights.set(key, { ...weights, frames });
  }

  #of(run: RunId): Accuracies {
    return this.#accuracies.get(keyOf(run)) ?? { initial: null, latest: null };
  }

  #summarize(summary: FinishedRun): void {
    this.#accuracies.set(keyOf(summary), {
      initial: summary.initialAccuracy,
      latest: summary.finalAccuracy,
    });
  }
}

/** The frames with one more, few enough to keep; a run that is resumed comes to some again. */
export function withFrame(frames: readonly WeightFrame[], frame: WeightFrame): WeightFrame[] {
  const before = frames.filter(({ iteration }) => iteration < frame.iteration);
  const kept = before.length < MOST_FRAMES ? before : before.filter((_, i) => i % 2 === 0);
  return [...kept, frame];
}
