/**
 * Evaluates whole splits with a program's current weights. Records the forward passes of a split,
 * window by window, and the sums of its losses and correct predictions into a slot of `totals`. The
 * result for each example stays in `rows` until the next evaluation.
 *
 * A run evaluates the same examples hundreds of times. On a software adapter windows of the
 * validation and test splits keep theirs, in an order in which more of their zeros are left out.
 */

import { type BufferPool, UNIFORM_STRIDE } from "../buffers.ts";
import type { GpuExamples } from "../examples/dataset.ts";
import type { Gpu } from "../device.ts";
import { createKernels, type Kernel, type KernelSource } from "../kernels/kernel.ts";
import {
  evaluationSpan,
  type ProgramSpec,
  type Split,
  splitCount,
  SPLITS,
} from "../kernels/program_spec.ts";
import { reduceSource } from "../kernels/row_kernels.ts";
import { Memo } from "../../memo.ts";
import { type Key, permute } from "../random.ts";
import type { DispatchQueue } from "../submits/submits.ts";

/** Most evaluations of one burst: the slots of `totals`. */
export const MAX_EVALUATIONS = 32;

/** Buffers of evaluation that are the same however networks lie in memory. */
export interface EvaluationBuffers {
  /** `Window` structs, for the gather and evaluate kernels. */
  windows: GPUBuffer;
  /** (R, span) losses and outcomes: see evaluate.wgsl. */
  rows: GPUBuffer;
}

/** The kernels of evaluation. */
export interface EvaluationSources {
  /**
   * Makes what is a window's own.
   *
   * @param name   tells its buffers from those of others
   * @param isKept whether it keeps its examples
   */
  window(name: string, isKept: boolean): WindowSources;
  /** From the first layer's outputs to the logits, by the side where the weights are. */
  rest: KernelSource[][];
  /** Bytes of a window's inputs; null: windows gain nothing by keeping theirs. */
  windowBytes: number | null;
}

/** The kernels of one window: of its inputs and labels. */
export interface WindowSources {
  /** Fill it with examples. */
  fill(examples: GpuExamples): KernelSource[];
  /** The first layer's outputs, by side. */
  first: KernelSource[];
  evaluate: KernelSource;
  /** (R, rows) where in its split each row is, if that is chosen; else null. */
  places: GPUBuffer | null;
}

/** Its kernels: see `WindowSources`. */
interface WindowKernels extends Pick<WindowSources, "places"> {
  fill: Kernel[];
  /** By side. */
  first: Kernel[];
  evaluate: Kernel;
}

/** A window of a split. */
interface Window extends WindowKernels {
  /** Of its `Window` struct. */
  offset: number;
  /** Whether it keeps its examples, and has them; those that do not share their memory. */
  isKept: boolean;
  isFilled: boolean;
}

/** Splits that are evaluated again and again, and most bytes of their inputs that are kept. */
const KEPT_SPLITS: readonly Split[] = ["validate", "test"], MOST_KEPT = 2 ** 28;
/** The place of a row that holds no example: past the end of any split. */
const NO_PLACE = 2 ** 32 - 1;

/** A window has so many examples whatever it takes: fewer do not fill a tile. */
const LEAST_WINDOW = 32;

/**
 * How many of a window's `rows` examples it has where submits have a budget: with all replicas
 * together as many as one network's window alone, or as many as a batch. So no kernel of an
 * evaluation, which cannot be cut, takes much longer than one network's, or than those of an
 * iteration. Windows change no result.
 */
export function windowShare(
  { submitMilliseconds }: Gpu,
  { replicas, batchSize }: Pick<ProgramSpec, "replicas" | "batchSize">,
  rows: number,
): number {
  if (submitMilliseconds === null) return rows;
  return Math.min(rows, Math.max(LEAST_WINDOW, batchSize, Math.ceil(rows / replicas)));
}

/** Evaluates splits with the current weights of a program. */
export class Evaluation {
  /** By replica: the key of the split whose places were written. */
  readonly #placed: string[] = [];

  private constructor(
    private readonly gpu: Gpu,
    private readonly spec: ProgramSpec,
    private readonly windowRows: number,
    readonly totals: GPUBuffer,
    readonly rows: GPUBuffer,
    private readonly windows: Record<Split, Window[]>,
    /** By side. */
    private readonly rest: Kernel[][],
    private readonly reduce: Kernel,
  ) {}

  /** Allocates from `pool` and compiles, for windows of `windowRows` examples. */
  static async create(
    gpu: Gpu,
    spec: ProgramSpec,
    pool: BufferPool,
    windowRows: number,
    sourcesOf: (buffers: EvaluationBuffers) => EvaluationSources,
  ): Promise<Evaluation> {
    const { replicas } = spec, span = evaluationSpan(spec);
    const { structs, offsets } = layWindows(spec, windowRows);
    const slots = Array.from(
      { length: MAX_EVALUATIONS },
      (_, slot) => SPLITS.map((split) => [slot, splitCount(spec, split)]),
    ).flat();
    const { buffers, sources, places } = await gpu.scoped("evaluation buffers", () => {
      const buffers = {
        rows: pool.storage("row losses", 8 * replicas * span),
        totals: pool.storage("totals", 8 * replicas * MAX_EVALUATIONS),
        windows: pool.uniforms("windows", structs),
        slots: pool.uniforms("slots", slots),
      };
      const sources = sourcesOf(buffers), places = placesOf(gpu, sources, offsets);
      // Until a replica is loaded it has no example, rather than one in front of the split.
      const none = new Uint32Array(replicas * windowRows).fill(NO_PLACE);
      for (const { sources: { places: buffer } } of places) {
        if (buffer) gpu.device.queue.writeBuffer(buffer, 0, none);
      }
      return { buffers, sources, places };
    });
    // Windows of one memory and set are hundreds with the same kernels.
    const kernels = new Memo<number | GpuExamples, WindowKernels>();
    const compiled = async ({ split, offset, isKept, sources }: Place): Promise<Window> => {
      const examples = split === "test" ? spec.test : spec.examples;
      const own = await kernels.get(
        isKept ? offset : examples,
        () => compileWindow(gpu, sources, examples),
      );
      return { offset, ...own, isKept, isFilled: false };
    };
    const [[reduce], rest, windows] = await Promise.all([
      createKernels(gpu, [reduceSource({ replicas, span }, buffers)]),
      Promise.all(sources.rest.map((side) => createKernels(gpu, side))),
      Promise.all(places.map(compiled)),
    ]);
    const bySplit = (split: Split) => windows.filter((_, i) => places[i].split === split);
    return new Evaluation(
      gpu,
      spec,
      windowRows,
      buffers.totals,
      buffers.rows,
      { train: bySplit("train"), validate: bySplit("validate"), test: bySplit("test") },
      rest,
      reduce,
    );
  }

  /** Has the windows filled anew, for a replica with another split or other labels. */
  load(replica: number, splitKey: Key | null): void {
    for (const window of Object.values(this.windows).flat()) window.isFilled = false;
    const placed = `${splitKey}`;
    if (this.#placed[replica] === placed) return;
    const { examples, test, trainCount } = this.spec;
    this.#place("validate", replica, trainCount, examples.nonzero, (i) => {
      const position = trainCount + i;
      return splitKey ? permute(position, examples.count, splitKey) : position;
    }, `${trainCount} ${placed}`);
    // Of test examples no replica has others.
    if (this.#placed[replica] === undefined) {
      this.#place("test", replica, 0, test.nonzero, (i) => i, "all");
    }
    this.#placed[replica] = placed;
  }

  /** Writes where the rows of a split's windows lie, if they have places. */
  #place(
    split: Split,
    replica: number,
    start: number,
    nonzero: GpuExamples["nonzero"],
    exampleAt: (index: number) => number,
    name: string,
  ): void {
    const windows = this.windows[split], rows = this.windowRows;
    if (!nonzero || !windows[0]?.places) return;
    const places = new Uint32Array(windows.length * rows).fill(NO_PLACE);
    const length = splitCount(this.spec, split);
    const order = nonzero.order(
      name,
      () => Uint32Array.from({ length }, (_, i) => exampleAt(i)),
    );
    places.set(order.map((index) => start + index));
    windows.forEach(({ places: buffer }, i) =>
      this.gpu.device.queue.writeBuffer(
        buffer!,
        4 * replica * rows,
        places.subarray(i * rows, (i + 1) * rows),
      )
    );
  }

  /**
   * Records the evaluation of a split with the weights of a side; its sums go to row `slot` of
   * `totals` (slots, R).
   */
  encode(to: DispatchQueue, split: Split, slot: number, side: number): void {
    for (const window of this.windows[split]) {
      if (!window.isFilled) {
        const [gather, ...others] = window.fill;
        to.add(gather, [window.offset]);
        for (const kernel of others) to.add(kernel);
        window.isFilled = window.isKept;
      }
      to.add(window.first[side]);
      for (const kernel of this.rest[side]) to.add(kernel);
      to.add(window.evaluate, [window.offset]);
    }
    to.add(this.reduce, [(SPLITS.length * slot + SPLITS.indexOf(split)) * UNIFORM_STRIDE]);
  }
}

/** Compiles the kernels of a window that is filled with `examples`. */
async function compileWindow(
  gpu: Gpu,
  { fill, first, evaluate, places }: WindowSources,
  examples: GpuExamples,
): Promise<WindowKernels> {
  const [filling, forward, [evaluation]] = await Promise.all(
    [fill(examples), first, [evaluate]].map((some) => createKernels(gpu, some)),
  );
  return { fill: filling, first: forward, evaluate: evaluation, places };
}

/** Where a window lies in a split and in memory. */
interface Place {
  split: Split;
  offset: number;
  isKept: boolean;
  sources: WindowSources;
}

/** All windows; those that do not keep their examples are one in memory. */
function placesOf(
  { adapter }: Gpu,
  { window, windowBytes }: EvaluationSources,
  offsets: Record<Split, number[]>,
): Place[] {
  const kept = KEPT_SPLITS.flatMap((split) => offsets[split]).length;
  const areKept = adapter.isSoftware && windowBytes !== null && kept * windowBytes <= MOST_KEPT;
  let shared: WindowSources | null = null;
  return SPLITS.flatMap((split) =>
    offsets[split].map((offset, i): Place => {
      const isKept = areKept && KEPT_SPLITS.includes(split);
      const sources = isKept ? window(`${split} ${i}`, true) : shared ??= window("window", false);
      return { split, offset, isKept, sources };
    })
  );
}

/**
 * The predicted classes of all replicas, each an array of `count`, from what an evaluation of
 * `count` examples left in `rows` (R, span).
 */
export function predictedClasses(
  rows: Float32Array,
  { replicas, span, count }: { replicas: number; span: number; count: number },
): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: replicas }, (_, r) =>
    Uint8Array.from({ length: count }, (_, i) => {
      const outcome = rows[2 * (r * span + i) + 1];
      return outcome >= 0 ? outcome : -1 - outcome;
    }));
}

/** The `Window` structs of all splits, and each split's offsets into their uniform buffer. */
function layWindows(
  spec: ProgramSpec,
  rows: number,
): { structs: number[][]; offsets: Record<Split, number[]> } {
  const structs: number[][] = [];
  const offsets: Record<Split, number[]> = { train: [], validate: [], test: [] };
  const starts: Record<Split, number> = { train: 0, validate: spec.trainCount, test: 0 };
  for (const split of SPLITS) {
    const start = starts[split], end = start + splitCount(spec, split);
    for (let first = start; first < end; first += rows) {
      offsets[split].push(structs.length * UNIFORM_STRIDE);
      structs.push([first, end, split === "test" ? 0 : 1, first - start]);
    }
  }
  return { structs, offsets };
}
