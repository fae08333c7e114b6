/** Learns how long kernels take, from how long submits of them took, and says when one is full. */

/**
 * Identifies a kernel: all dispatches of a pipeline in a program do the same work, or a whole
 * number of times as much.
 */
type Pipeline = GPUComputePipeline;

/**
 * Share of the budget that is filled, since times vary, and the more they do, the less is (see
 * `learn`). With 0.9 a quarter of llvmpipe's submits of one network took longer than the budget,
 * with 0.7 one in fifty (figures: submit_budget.ts).
 */
const AIM = 0.7;
/** A kernel is taken for as slow at first: browsers round timestamps to 0.1 ms. */
const LEAST_MILLISECONDS = 0.05;
/** A measurement is clamped to between these multiples of the expected time. */
const LEAST_RATIO = 1 / 16, MOST_RATIO = 2;

/** The dispatches of a submit. */
export class Dispatched {
  readonly counts = new Map<Pipeline, number>();
  /** Expected milliseconds of all of them; infinite if one was never timed. */
  expected = 0;

  /**
   * @param milliseconds of each
   * @param times        as many of the kernel's work, in one dispatch or several
   */
  add(pipeline: Pipeline, milliseconds: number, times = 1): void {
    this.counts.set(pipeline, (this.counts.get(pipeline) ?? 0) + times);
    this.expected += times * milliseconds;
  }

  /** All dispatches of several submits. */
  static all(submits: readonly Dispatched[]): Dispatched {
    const all = new Dispatched();
    for (const { counts } of submits) {
      for (const [pipeline, n] of counts) {
        all.counts.set(pipeline, (all.counts.get(pipeline) ?? 0) + n);
      }
    }
    return all;
  }
}

/** The costs of a program's kernels. */
export class KernelCosts {
  readonly #milliseconds = new Map<Pipeline, number>();

  /** @param gpu says how long a submit may take */
  constructor(private readonly gpu: { submitMilliseconds: number | null }) {}

  /** Milliseconds that a submit may take; null: as many as it likes. */
  get budget(): number | null {
    return this.gpu.submitMilliseconds;
  }

  /** Expected milliseconds of one dispatch; infinite if it was never timed. */
  of(pipeline: Pipeline): number {
    return this.#milliseconds.get(pipeline) ?? Infinity;
  }

  /** Whether a submit may hold one more dispatch. One that was never timed has it for itself. */
  fits({ expected }: Dispatched, pipeline: Pipeline, times = 1): boolean {
    return this.budget === null || expected + times * this.of(pipeline) <= AIM * this.budget;
  }

  /** How many times its work one dispatch of a kernel may do: once, until that was timed. */
  mostTimes(pipeline: Pipeline): number {
    if (this.budget === null) return Infinity;
    return Math.max(1, Math.floor(AIM * this.budget / this.of(pipeline)));
  }

  /**
   * Learns that these dispatches took so long together. The share of each stays what it was, and
   * becomes right as kernels are timed in other mixtures. A rise counts in full, a fall by half, so
   * that what varies is taken for long; but one submit among many that another program held up does
   * not cut the next burst to pieces.
   */
  learn({ counts }: Dispatched, milliseconds: number): void {
    // A timestamp may go backwards where the GPU's clock is set anew.
    if (!(milliseconds >= 0)) return;
    const dispatches = [...counts.values()].reduce((sum, n) => sum + n, 0);
    let isNew = false;
    for (const pipeline of counts.keys()) {
      if (this.#milliseconds.has(pipeline)) continue;
      this.#milliseconds.set(pipeline, Math.max(LEAST_MILLISECONDS, milliseconds / dispatches));
      isNew = true;
    }
    if (isNew) return;
    let expected = 0;
    for (const [pipeline, n] of counts) expected += n * this.of(pipeline);
    const ratio = Math.min(MOST_RATIO, Math.max(LEAST_RATIO, milliseconds / expected));
    const factor = ratio > 1 ? ratio : Math.sqrt(ratio);
    for (const pipeline of counts.keys()) {
      this.#milliseconds.set(pipeline, factor * this.of(pipeline));
    }
  }
}
