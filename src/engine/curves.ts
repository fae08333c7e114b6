/**
 * Collects the curves of a training. Until it ends they are rows of numbers: 24 bytes a point,
 * where objects take 200 (measured in V8), so that a run of 500,000 iterations does not grow.
 */

/** One point of a curve, measured with the weights after `iteration` updates. */
export interface CurvePoint {
  /** Updates made before it was measured. */
  iteration: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** Fraction in [0, 1]. */
  accuracy: number;
}

/** The curves of one replica. `train` is measured on each iteration's own batch. */
export interface Curves {
  /** By iteration, of its batch before its update. */
  train: CurvePoint[];
  /** Of the whole validation split, at its interval. */
  validate: CurvePoint[];
  /** Of the whole test set, at its interval. */
  test: CurvePoint[];
}

/** The same curves as rows of (iteration, loss, accuracy). */
export type CurveRows = Record<keyof Curves, Float64Array>;

const ROW = 3;
/** Room for more points is not taken before they come. */
const MAX_ROOM = 1e6;

/** One curve that grows. */
export class CurveRecorder {
  #rows: Float64Array;
  #length: number;
  #told = 0;

  /** @param points how many there will be, for their room; more are taken too */
  constructor(rows: Float64Array, points: number) {
    this.#rows = new Float64Array(Math.max(rows.length, ROW * Math.min(points, MAX_ROOM)));
    this.#rows.set(rows);
    this.#length = rows.length;
  }

  push(iteration: number, loss: number, accuracy: number): void {
    if (this.#length === this.#rows.length) {
      const larger = new Float64Array(2 * this.#length + ROW);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows.set([iteration, loss, accuracy], this.#length);
    this.#length += ROW;
  }

  /** The latest point; null if there is none. */
  get last(): CurvePoint | null {
    return pointsOf(this.#rows.subarray(Math.max(0, this.#length - ROW), this.#length))[0] ?? null;
  }

  /** A copy of all points as rows. */
  rows(): Float64Array {
    return this.#rows.slice(0, this.#length);
  }

  /** The points that have come since this was last asked; at first those that it began with too. */
  news(): CurvePoint[] {
    const news = pointsOf(this.#rows.subarray(this.#told, this.#length));
    this.#told = this.#length;
    return news;
  }
}

/** Rows as points. */
export function pointsOf(rows: Float64Array): CurvePoint[] {
  return Array.from({ length: rows.length / ROW }, (_, i) => ({
    iteration: rows[ROW * i],
    loss: rows[ROW * i + 1],
    accuracy: rows[ROW * i + 2],
  }));
}
