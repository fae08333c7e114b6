/**
 * Times compute passes with timestamp queries. Where the adapter has none, nothing is timed:
 * `create` returns null and passes run without it.
 */

import type { BufferPool } from "./buffers.ts";
import type { Gpu } from "./device.ts";

/** Most passes of a burst that are timed. */
export const MOST_TIMED = 256;
/** Bytes of a pass's two timestamps. */
const PAIR_BYTES = 16;

/** Bytes of the timestamps of a burst. */
export const TIMESTAMP_BYTES = MOST_TIMED * PAIR_BYTES;

/** What the timestamps of a burst say. */
export interface PassTimes {
  /**
   * Milliseconds from the beginning of the first pass that was timed to the end of the last one.
   */
  total: number;
  /** Milliseconds of each. */
  passes: number[];
}

/** Times compute passes with timestamp queries. */
export class PassTimer {
  /** Passes since the last copy. */
  #count = 0;

  private constructor(
    private readonly querySet: GPUQuerySet,
    private readonly resolved: GPUBuffer,
  ) {}

  static create({ device }: Gpu, pool: BufferPool): PassTimer | null {
    if (!device.features.has("timestamp-query")) return null;
    return new PassTimer(
      device.createQuerySet({ type: "timestamp", count: 2 * MOST_TIMED }),
      pool.queryResults(TIMESTAMP_BYTES),
    );
  }

  /** Passes of this burst that may yet be timed. */
  get left(): number {
    return MOST_TIMED - this.#count;
  }

  /** Descriptor of the next pass to time. */
  next(): GPUComputePassDescriptor {
    const { querySet } = this, first = 2 * this.#count++;
    return {
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: first,
        endOfPassWriteIndex: first + 1,
      },
    };
  }

  /** Records the copy of a burst's timestamps into a readback buffer; then a burst begins anew. */
  copy(encoder: GPUCommandEncoder, readback: GPUBuffer, offset: number): void {
    // Timestamps that nobody has written must not be read.
    const count = this.#count;
    this.#count = 0;
    encoder.resolveQuerySet(this.querySet, 0, 2 * count, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, readback, offset, count * PAIR_BYTES);
  }

  /** What the timestamps of `count` passes say that were copied. */
  static times(timestamps: ArrayBuffer, count: number): PassTimes {
    const times = new BigUint64Array(timestamps);
    const milliseconds = (from: number, to: number) => Number(times[to] - times[from]) / 1e6;
    return {
      total: milliseconds(0, 2 * count - 1),
      passes: Array.from({ length: count }, (_, pass) => milliseconds(2 * pass, 2 * pass + 1)),
    };
  }

  destroy(): void {
    this.querySet.destroy();
  }
}
