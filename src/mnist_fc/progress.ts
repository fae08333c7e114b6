/** How far a task has come: takes how much is done at which time, gives the speed and the time left. */

/** Where the training stands. */
export interface ProgressState {
  /** What is being trained: "level 3/10". */
  stage: string;
  /** Iterations of this stage that are done, and that there will be. */
  iteration: number;
  iterations: number;
  /** The same over all stages, as they are counted for the time left. */
  done: number;
  total: number;
  loss: number;
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

/** Time over which the speed is averaged. */
const SMOOTHING_MS = 10000;

/** See the head of this file. */
export class SpeedMeter {
  #last: { time: number; done: number } | null = null;
  /** Iterations per ms. */
  #speed: number | null = null;

  /** Notes how much is done by now, in ms. */
  measure(time: number, done: number): void {
    const last = this.#last;
    if (last && time <= last.time) return;
    if (last) {
      const latest = (done - last.done) / (time - last.time);
      const weight = this.#speed === null ? 1 : 1 - Math.exp((last.time - time) / SMOOTHING_MS);
      this.#speed = (this.#speed ?? 0) * (1 - weight) + latest * weight;
    }
    this.#last = { time, done };
  }

  /** Iterations per second; null until it is known. */
  get perSecond(): number | null {
    return this.#speed ? 1000 * this.#speed : null;
  }

  /** Seconds that the rest takes; null until the speed is known. */
  secondsLeft(done: number, total: number): number | null {
    return this.#speed ? (total - done) / this.#speed / 1000 : null;
  }
}
