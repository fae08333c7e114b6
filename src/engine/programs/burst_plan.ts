/**
 * Cuts a training into bursts: what each does, and how many iterations it has, by how long the ones
 * before took.
 */

import { MAX_BURST, type Split } from "../kernels/program_spec.ts";
import type { BurstStep } from "./burst.ts";
import { MAX_EVALUATIONS } from "./evaluation.ts";
import type { TrainingPlan } from "./training_work.ts";

/** A burst should take about this long: long enough to hide the readback, short enough to stop. */
const BURST_MILLISECONDS = 1000;
/** How long an iteration takes is not known, so the first burst is of one. */
const FIRST_BURST = 1;
/** Bursts may grow by `EARLY_GROWTH` up to this length, by `GROWTH` from then on. */
const SHORT_BURST = 100, EARLY_GROWTH = 4, GROWTH = 2;

/** A stretch of training that is submitted and read back as one. */
export interface Burst {
  /** Iterations done before it. */
  start: number;
  iterations: number;
  steps: BurstStep[];
}

/**
 * Cuts what a plan asks for into bursts of at most `length(done)`.
 *
 * @param from the iteration to continue from; null to begin at the beginning
 */
export function* planBursts(
  plan: TrainingPlan,
  from: number | null,
  length: (done: number) => number,
): Generator<Burst> {
  const { start: begin = 0, pause: end = plan.iterations } = plan;
  const intervals: [Split, number | null][] = [
    ["validate", plan.validateInterval],
    ["test", plan.testInterval],
  ];
  const nextEvaluation = (done: number) =>
    Math.min(
      plan.iterations,
      ...intervals.map(([, n]) => n === null ? Infinity : n * (Math.floor(done / n) + 1)),
    );
  const isEnd = (done: number) => done === begin || done === plan.iterations;
  const evaluationsAt = (done: number): BurstStep[] =>
    intervals.filter(([, n]) => n !== null && (done % n === 0 || isEnd(done)))
      .map(([split]) => ({ evaluate: split }));

  let done = from ?? begin;
  // Whoever comes from a later iteration has evaluated there.
  let steps = from === null ? evaluationsAt(begin) : [];
  if (steps.length > 0) yield { start: done, iterations: 0, steps };
  steps = [];
  while (done < end) {
    const start = done, last = Math.min(end, start + length(done));
    while (done < last && steps.length <= MAX_EVALUATIONS - intervals.length) {
      const next = Math.min(last, nextEvaluation(done));
      steps.push({ iterate: next - done }, ...evaluationsAt(next));
      done = next;
    }
    yield { start, iterations: done - start, steps };
    steps = [];
  }
}

/** Chooses the length of bursts from how long they take. */
export class Pace {
  length = FIRST_BURST;
  #last = performance.now();

  /** Starts the clock again, after a pause. */
  restart(): void {
    this.#last = performance.now();
  }

  observe(iterations: number): void {
    if (iterations === 0) return this.restart();
    const now = performance.now();
    const ideal = iterations * BURST_MILLISECONDS / Math.max(1, now - this.#last);
    const growth = this.length < SHORT_BURST ? EARLY_GROWTH : GROWTH;
    const bounded = Math.min(growth * this.length, Math.max(this.length / 2, ideal));
    this.length = Math.max(1, Math.min(MAX_BURST, Math.round(bounded)));
    this.#last = now;
  }
}
