/**
 * A greedy search for what is fastest on an adapter: one setting after the other, each candidate
 * timed in turn with what is best so far, until the time for it is over. `deno task tune` and runs
 * that tune themselves differ in how thoroughly they search.
 */

import type { Tuned } from "../../engine/kernels/tiles.ts";
import { CapacityError, GpuError } from "../../errors.ts";
import type { Setting, Value } from "./settings.ts";

/** Another value must be faster by this much to be taken: less is noise. */
export const MARGIN = 0.95;
/** In a hurry, a candidate that is slower by this much in two measurements is not timed again. */
const LOST = 2;

/** A network that trains with some choices; its first iterations are done. */
export interface Timed {
  /** Trains some iterations; returns milliseconds per iteration. */
  time(iterations: number): Promise<number>;
  /** Releases its memory. */
  destroy(): void;
}

/** How candidates are timed, and how many. */
export interface Pace {
  /** Measurements of each. */
  rounds: number;
  /** Iterations of a measurement, where one takes some milliseconds. */
  iterations(milliseconds: number): number;
  /** Whether all values are tried, or only as long as they get better. */
  isThorough: boolean;
  budget: Budget;
  /** Called when a setting is chosen. */
  onTrial?(trial: Trial): void;
  /** Receives why a device refuses a candidate. */
  onRefusal?(line: string): void;
}

/** A setting that was tried: times by value, and the chosen one. */
export interface Trial {
  setting: string;
  /** Milliseconds of an iteration. */
  milliseconds: Record<string, number>;
  /** Null: nothing of its own. */
  chosen: Value | null;
  /** False where the time was over before all was tried. */
  isDecided: boolean;
}

/** The time that a search may take. */
export class Budget {
  readonly #start: number;
  /** How long the last candidate took. */
  #last = 0;

  /**
   * @param most milliseconds; asked again, for it may shrink
   * @param now  the clock, in milliseconds
   */
  constructor(
    private readonly most: () => number = () => Infinity,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#start = now();
  }

  /** Milliseconds since it began. */
  get spent(): number {
    return this.now() - this.#start;
  }

  /** Whether a candidate would end in time that takes so many times as long as the last one. */
  isLeft(growth = 2): boolean {
    return this.spent + growth * this.#last <= this.most();
  }

  /** Notes how long a candidate takes. */
  async measure<T>(work: () => Promise<T>): Promise<T> {
    const start = this.now();
    try {
      return await work();
    } finally {
      this.#last = this.now() - start;
    }
  }
}

/** Some choices, and how fast they are. */
interface Measured<T extends Timed> {
  tuned: Tuned;
  network: T;
  milliseconds: number;
}

/** Whether an error is a device's refusal of a candidate; it then does not count. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof GpuError || error instanceof CapacityError;
}

/** A search among the settings of one part. */
export class Search<T extends Timed = Timed> {
  private constructor(
    private best: Measured<T>,
    private readonly make: (tuned: Tuned) => Promise<T>,
    private readonly pace: Pace,
  ) {}

  /**
   * Begins with some choices.
   *
   * @param make a network that trains with some choices
   */
  static async begin<T extends Timed>(
    tuned: Tuned,
    make: (tuned: Tuned) => Promise<T>,
    pace: Pace,
  ): Promise<Search<T>> {
    const best = await pace.budget.measure(async () => {
      const network = await make(tuned);
      const iterations = pace.iterations(await network.time(1));
      return { tuned, network, milliseconds: await timeAlone(network, iterations, pace) };
    });
    return new Search(best, make, pace);
  }

  /** The best choices so far. */
  get tuned(): Tuned {
    return this.best.tuned;
  }

  /** Milliseconds of an iteration with them. */
  get milliseconds(): number {
    return this.best.milliseconds;
  }

  /** A network that trains with them. */
  get network(): T {
    return this.best.network;
  }

  /**
   * Chooses the value of a setting.
   *
   * @param current its value now
   */
  async choose(setting: Setting, current = setting.of(this.best.tuned)): Promise<Trial> {
    const { budget, isThorough } = this.pace, start = this.best;
    const milliseconds: Record<string, number> = { [`${current}`]: start.milliseconds };
    let best = start, chosen = current, isDecided = true;
    const { growth, margin = MARGIN, matters } = setting;
    const isOfUse = matters?.(start.tuned) ?? true;
    for (const values of isOfUse ? directions(setting, current) : []) {
      // Values on the other side of one that is better are worse.
      if (!isThorough && best !== start) break;
      let last = start.milliseconds;
      for (const value of values) {
        if (!budget.isLeft(growth?.[`${value}`])) {
          isDecided = false;
          if (growth) continue;
          break;
        }
        const candidate = await budget.measure(() =>
          this.#measure(setting.change(start.tuned, value), start)
        );
        const time = candidate?.milliseconds ?? Infinity;
        if (candidate) milliseconds[`${value}`] = time;
        if (candidate && time >= best.milliseconds) candidate.network.destroy();
        else if (candidate) {
          if (best !== start) best.network.destroy();
          [best, chosen] = [candidate, value];
        }
        const isEnd = growth ? time < margin * start.milliseconds : time > last;
        if (isEnd && !isThorough) break;
        last = Math.min(last, time);
      }
      if (!isDecided) break;
    }
    if (best !== start && best.milliseconds >= margin * start.milliseconds) {
      best.network.destroy();
      [best, chosen] = [start, current];
    }
    if (best !== start) {
      start.network.destroy();
      // The best of several is also the luckiest: its time is taken anew, without another in turn.
      if (budget.isLeft(0.5)) {
        const iterations = this.pace.iterations(best.milliseconds);
        best = { ...best, milliseconds: await timeAlone(best.network, iterations, this.pace) };
      }
    }
    this.best = best;
    const trial = { setting: setting.name, milliseconds: inOrder(milliseconds), chosen, isDecided };
    this.pace.onTrial?.(trial);
    return trial;
  }

  /** Releases the memory of the best network. */
  end(): void {
    this.best.network.destroy();
  }

  /** Times some choices in turn with others; null where the device refuses them. */
  async #measure(tuned: Tuned, others: Measured<T>): Promise<Measured<T> | null> {
    try {
      const network = await this.make(tuned);
      const milliseconds = await timeAgainst(network, others, this.pace).catch((error) => {
        network.destroy();
        throw error;
      });
      return { tuned, network, milliseconds };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.pace.onRefusal?.(error.message);
      return null;
    }
  }
}

/**
 * Milliseconds of an iteration of a network that is timed in turn with one that is known. Short
 * measurements, of which there are few in a hurry, are worth what the best of them say: what else
 * the machine does can only lengthen them.
 */
export async function timeAgainst(
  candidate: Timed,
  known: { network: Timed; milliseconds: number },
  { rounds, iterations, isThorough }: Pick<Pace, "rounds" | "iterations" | "isThorough">,
): Promise<number> {
  const count = iterations(known.milliseconds), times: [candidate: number, known: number][] = [];
  for (let round = 0; round < rounds; round++) {
    const isFirst = round % 2 === 1;
    const before = isFirst ? await candidate.time(count) : NaN;
    const its = await known.network.time(count);
    times.push([isFirst ? before : await candidate.time(count), its]);
    const isLost = times.length === 2 && times.every(([its, known]) => its > LOST * known);
    if (isLost && !isThorough) break;
  }
  const ratio = isThorough
    ? median(times.map(([its, known]) => its / known))
    : Math.min(...times.map(([its]) => its)) / Math.min(...times.map(([, known]) => known));
  return known.milliseconds * ratio;
}

/** Milliseconds of an iteration of a network by itself. */
export async function timeAlone(
  network: Timed,
  iterations: number,
  { rounds, isThorough }: Pick<Pace, "rounds" | "isThorough">,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await network.time(iterations));
  return isThorough ? median(times) : Math.min(...times);
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The values to try: those after the current one, and those before it, nearest first. */
function directions({ values, growth }: Setting, current: Value): Value[][] {
  if (growth) {
    const names = Object.keys(growth), at = names.indexOf(`${current}`);
    return [names.slice(0, at < 0 ? names.length : at)];
  }
  const all = values.includes(current) ? [...values] : [...values, current];
  if (all.every((value) => typeof value === "number")) all.sort((a, b) => a - b);
  const at = all.indexOf(current);
  return [all.slice(at + 1), all.slice(0, at).reverse()];
}

/** Times in the order of their values, as far as these are numbers. */
function inOrder(times: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(times).sort(([a], [b]) => Number(a) - Number(b)));
}
