/**
 * Times compute passes with timestamp queries. Where the adapter has none, nothing is timed:
 * `create` returns null and passes run without it.
 */

import type { BufferPool } from "./buffers.ts";
import type { Gpu } from "./device.ts";

/** Bytes of a pass's two timestamps. */
export const TIMESTAMP_BYTES = 16;

/** Times compute passes with timestamp queries. */
export class PassTimer {
  private constructor(
    private readonly querySet: GPUQuerySet,
    private readonly resolved: GPUBuffer,
  ) {}

  static create({ device }: Gpu, pool: BufferPool): PassTimer | null {
    if (!device.features.has("timestamp-query")) return null;
    return new PassTimer(
      device.createQuerySet({ type: "timestamp", count: 2 }),
      pool.queryResults(TIMESTAMP_BYTES),
    );
  }

  /** Descriptor of a pass to time. */
  get pass(): GPUComputePassDescriptor {
    const { querySet } = this;
    return {
      timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    };
  }

  /** Records the copy of the pass's timestamps into a readback buffer. */
  copy(encoder: GPUCommandEncoder, readback: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.querySet, 0, 2, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, readback, offset, TIMESTAMP_BYTES);
  }

  /** Milliseconds between the two timestamps that were copied. */
  static milliseconds(timestamps: ArrayBuffer): number {
    const [start, end] = new BigUint64Array(timestamps);
    return Number(end - start) / 1e6;
  }

  destroy(): void {
    this.querySet.destroy();
  }
}
