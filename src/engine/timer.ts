/**
 * Times compute passes with timestamp queries. Where the adapter has none, nothing is timed:
 * `create` returns null and passes run without it.
 */

import type { BufferPool } from "./buffers.ts";
import type { Gpu } from "./device.ts";

/** Most passes of a burst that are timed: of more, the first ones and the last. */
const MOST_PASSES = 256;
/** Bytes of a pass's two timestamps. */
const PAIR_BYTES = 16;

/** Bytes of the timestamps of a burst. */
export const TIMESTAMP_BYTES = MOST_PASSES * PAIR_BYTES;

/** When the passes of a burst began and ended. */
export interface PassTimes {
  /** From the beginning of the first to the end of the last. */
  total: number;
  /** By pass, null for those that were not timed. */
  passes: (number | null)[];
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
      device.createQuerySet({ type: "timestamp", count: 2 * MOST_PASSES }),
      pool.queryResults(TIMESTAMP_BYTES),
    );
  }

  /** Descriptor of the next pass of a burst. */
  next(): GPUComputePassDescriptor {
    const { querySet } = this, first = 2 * Math.min(this.#count++, MOST_PASSES - 1);
    return {
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: first,
        endOfPassWriteIndex: first + 1,
      },
    };
  }

  /** Records the copy of a burst's timestamps into a readback buffer; the next pass is a new one's. */
  copy(encoder: GPUCommandEncoder, readback: GPUBuffer, offset: number): void {
    // Timestamps that nobody has written must not be read.
    const pairs = Math.min(this.#count, MOST_PASSES);
    this.#count = 0;
    encoder.resolveQuerySet(this.querySet, 0, 2 * pairs, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, readback, offset, pairs * PAIR_BYTES);
  }

  /** Milliseconds of a burst of `count` passes, from the timestamps that were copied. */
  static times(timestamps: ArrayBuffer, count: number): PassTimes {
    const times = new BigUint64Array(timestamps), pairs = Math.min(count, MOST_PASSES);
    const milliseconds = (from: number, to: number) => Number(times[to] - times[from]) / 1e6;
    const passes: (number | null)[] = Array(count).fill(null);
    for (let pair = 0; pair < pairs; pair++) {
      const pass = pair === pairs - 1 ? count - 1 : pair;
      passes[pass] = milliseconds(2 * pair, 2 * pair + 1);
    }
    return { total: milliseconds(0, 2 * pairs - 1), passes };
  }

  destroy(): void {
    this.querySet.destroy();
  }
}
