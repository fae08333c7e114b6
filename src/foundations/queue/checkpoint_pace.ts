/** Says when a checkpoint of what is being trained is due. */

/** Time between two checkpoints. */
export type CheckpointInterval = { seconds: number } | { iterations: number };

/** At most this share of the time goes into checkpoints that are due by seconds. */
const CHECKPOINT_SHARE = 0.01;

/** The clock of one run's or group's checkpoints. */
export class CheckpointPace {
  /** A checkpoint is due after these many iterations and their multiples; null: by the clock. */
  readonly interval: number | null;
  #pause: number;
  #last = performance.now();
  #begun = this.#last;

  /** A clock that starts now. */
  constructor(interval: CheckpointInterval) {
    this.interval = "iterations" in interval ? interval.iterations : null;
    this.#pause = "seconds" in interval ? 1000 * interval.seconds : Infinity;
  }

  /** Whether one is due after so many iterations. */
  isDue(iteration: number): boolean {
    this.#begun = performance.now();
    return this.interval === null
      ? this.#begun - this.#last >= this.#pause
      : iteration % this.interval === 0;
  }

  /** Notes that one was kept. */
  kept(): void {
    this.#last = performance.now();
    // From where training stopped, to be read.
    this.#pause = Math.max(this.#pause, (this.#last - this.#begun) / CHECKPOINT_SHARE);
  }
}
