/**
 * Results of asynchronous work, kept for whoever asks later. An attempt that fails is not kept:
 * those who wait for it receive the error, and the next call tries again.
 */

/** Results by key. */
export class Memo<K, V> {
  readonly #kept = new Map<K, Promise<V>>();

  /**
   * Returns the value of a key; makes it first where there is none, and keeps it unless that fails.
   */
  get(key: K, make: () => Promise<V>): Promise<V> {
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const made = make();
    this.#kept.set(key, made);
    made.catch(() => {
      // After `clear`, another attempt may stand there.
      if (this.#kept.get(key) === made) this.#kept.delete(key);
    });
    return made;
  }

  /** The keys of what is kept or being made. */
  keys(): K[] {
    return [...this.#kept.keys()];
  }

  /** Forgets what is kept under a key. */
  delete(key: K): void {
    this.#kept.delete(key);
  }

  /** Forgets everything; returns what was kept, when all that was being made has ended. */
  async clear(): Promise<V[]> {
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    const ended = await Promise.allSettled(kept);
    return ended.flatMap((end) => end.status === "fulfilled" ? [end.value] : []);
  }
}

/** A function that works once, for all who call it; after a failure, the next call works again. */
export function once<V>(make: () => Promise<V>): () => Promise<V> {
  const memo = new Memo<null, V>();
  return () => memo.get(null, make);
}
