/**
 * Lets every step be seen: pruning and rewinding take a GPU a moment, a reader a little longer.
 * Takes steps as they happen, shows each for at least a while, in order.
 */

import type { Step as WorkerStep } from "../messages.ts";
import type { Step } from "./steps.ts";

const LEAST_MILLISECONDS = 900;
/** Steps that are late by more are left out: the explanation keeps up with the training. */
const MOST_WAITING = 3;

/** The picture of a worker's step. */
const SHOWN: Record<WorkerStep, Step | null> = {
  prepare: null,
  train: "train",
  prune: "prune",
  rewind: "rewind",
  control: "control",
  report: null,
};

/** Plays the steps of the explanation. */
export class StepPlayer {
  #waiting: (Step | null)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: (step: Step | null) => void) {}

  /** A step that begins now. */
  play(step: WorkerStep): void {
    this.#waiting.push(SHOWN[step]);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    if (this.#timer === undefined) this.#next();
  }

  /** Stops. */
  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.show(null);
  }

  #next(): void {
    this.#timer = undefined;
    const step = this.#waiting.shift();
    if (step === undefined) return;
    this.show(step);
    this.#timer = setTimeout(() => this.#next(), LEAST_MILLISECONDS);
  }
}
