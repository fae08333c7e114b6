/** Measures how far a task has come, its speed and the time left. */

import type { GroupProgress } from "../foundations/queue/run_queue.ts";
import type { QueueActivity } from "../foundations/queue/train_request.ts";

/** The activity that a task is waiting for. */
export type Activity =
  | QueueActivity
  | "opening the GPU"
  | "measuring what is fast here"
  | "reading the examples"
  | "looking at finished runs"
  | "drawing the chart";

/** Where the training stands. */
export interface ProgressState {
  /** The stage of the experiment: "level 3/10". */
  stage: string;
  /** Iterations of this stage that are done, and that there will be. */
  iteration: number;
  iterations: number;
  /** Work done and in all, over all stages, in iterations; see `workOf`. */
  done: number;
  total: number;
  /** Work that was done since the task began: checkpoints bring some that was done before. */
  worked: number;
  /** Iterations that were done since then, of all runs. */
  trained: number;
  /** Null before the first iteration. */
  loss: number | null;
  /** From 0 to 1; null before the first evaluation. */
  accuracy: number | null;
}

/** Seconds as 0:07, 12:34 or 1:02:03. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const two = (n: number) => `${n}`.padStart(2, "0");
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** Adds up the work of the groups of runs that a queue trains. */
export class WorkCount {
  #ended = 0;
  /** Of all runs of the group in training. */
  #group: { iteration: number; work: number } | null = null;
  #worked = 0;
  #trained = 0;

  /** Takes the state of the group in training: at its start, then as it advances. */
  advance({ runs, iteration, work }: GroupProgress): void {
    const now = { iteration: runs * iteration, work: runs * work };
    if (this.#group && now.work > this.#group.work) {
      this.#worked += now.work - this.#group.work;
      this.#trained += now.iteration - this.#group.iteration;
    }
    this.#group = now;
  }

  /** Counts work of runs that have ended as done. */
  end(work: number): void {
    this.#ended += work;
    this.#group = null;
  }

  get state(): Pick<ProgressState, "done" | "worked" | "trained"> {
    const done = this.#ended + (this.#group?.work ?? 0);
    return { done, worked: this.#worked, trained: this.#trained };
  }
}

/** Time over which speeds are averaged. */
const SMOOTHING_MS = 10000;

/** Measures speed and estimates the time left. */
export class SpeedMeter {
  #start: number | null = null;
  #last = { time: 0, worked: 0, trained: 0 };
  /** Work and iterations per ms. */
  #speed = { worked: 0, trained: 0 };

  /** Notes how much is done by now, in ms; the first time is that from which it counts. */
  measure(time: number, { worked, trained }: Pick<ProgressState, "worked" | "trained">): void {
    const last = this.#last;
    if (this.#start !== null && time <= last.time) return;
    if (this.#start !== null) {
      const passed = time - last.time;
      // The mean of all that there is, until that is longer than what is averaged over.
      const weight = Math.max(passed / (time - this.#start), 1 - Math.exp(-passed / SMOOTHING_MS));
      const mean = (before: number, done: number) => before + weight * (done / passed - before);
      this.#speed = {
        worked: mean(this.#speed.worked, worked - last.worked),
        trained: mean(this.#speed.trained, trained - last.trained),
      };
    }
    this.#start ??= time;
    this.#last = { time, worked, trained };
  }

  /** Iterations per second; null until it is known. */
  get perSecond(): number | null {
    return this.#speed.trained > 0 ? 1000 * this.#speed.trained : null;
  }

  /** Seconds that the rest takes; null until the speed is known. */
  secondsLeft({ done, total }: Pick<ProgressState, "done" | "total">): number | null {
    return this.#speed.worked > 0 ? (total - done) / this.#speed.worked / 1000 : null;
  }
}
