/** The experiments in progress, from which more runs may come. */

import { DeviceLostError, InterruptedError } from "../../errors.ts";

/** Carries out experiments and counts those that have not ended. */
export class Participants {
  #count = 0;

  /** @param onEnd called when one of them has ended */
  constructor(private readonly onEnd: () => void) {}

  /** How many are in progress. */
  get count(): number {
    return this.#count;
  }

  /** As `RunQueue.asParticipant`. */
  async one<T>(experiment: () => Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await experiment();
    } finally {
      this.#count--;
      this.onEnd();
    }
  }

  /** As `RunQueue.asParticipants`. */
  async parts<T>(
    parts: readonly (() => Promise<T>)[],
  ): Promise<PromiseSettledResult<T>[]> {
    let left = parts.length;
    this.#count += Math.max(0, left - 1);
    return await Promise.allSettled(parts.map(async (part) => {
      try {
        return await part();
      } finally {
        // The last one's place is the experiment's own.
        if (--left > 0) {
          this.#count--;
          this.onEnd();
        }
      }
    }));
  }

  /** As `RunQueue.runSideBySide`. */
  async sideBySide<T>(
    experiments: readonly (() => Promise<T>)[],
    atOnce: number,
  ): Promise<PromiseSettledResult<T>[]> {
    const results: PromiseSettledResult<T>[] = [];
    let next = 0, end: DeviceLostError | InterruptedError | null = null;
    const work = async () => {
      while (next < experiments.length) {
        const i = next++;
        try {
          if (end) throw end;
          results[i] = { status: "fulfilled", value: await experiments[i]() };
        } catch (reason) {
          if (reason instanceof DeviceLostError || reason instanceof InterruptedError) end = reason;
          results[i] = { status: "rejected", reason };
        }
      }
    };
    const workers = Math.min(atOnce, experiments.length);
    await Promise.all(Array.from({ length: workers }, () => this.one(work)));
    return results;
  }
}
