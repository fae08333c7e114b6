/**
 * Times bursts cut into submits beside the same bursts as one submit each, in turn, on a software
 * adapter that has the budget of a hardware one (and its own tiles: with those of hardware a kernel
 * of one network takes it longer than the budget); for Deno and for a page.
 */

import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import { Gpu, maxReplicas, openGpu } from "../../src/engine/mod.ts";
import type { BurstStep, Program } from "../../src/engine/programs/program.ts";
import { TIMING } from "../../src/engine/submits/submits.ts";
import { median } from "../../src/foundations/tuning/search.ts";
import { networkProgram, uploadSets } from "../../tasks/lib/bench/network_program.ts";

/** What to time. */
export interface SubmitCase {
  /** Milliseconds of a submit. */
  budget: number;
  /** LeNet-300-100 with SGD and batch 60; null: as many as fit. */
  replicas: number | null;
  /** Times that both are timed. */
  rounds: number;
  /** Milliseconds of a burst. */
  burst: number;
}

/** What came of it. */
export interface SubmitTimes {
  adapter: string;
  replicas: number;
  millisecondsPerIteration: number;
  /** How many submits were timed. */
  submits: number;
  /** In milliseconds, of all submits after the first ten. */
  longest: number;
  /** The middle one, and the one that a twentieth of them exceed. */
  middle: number;
  nearlyAll: number;
  /** Of the same: how many of a thousand are longer than the budget. */
  overPerMille: number;
  /** The longest of those that held one kernel, which cannot be cut: the first of each kernel. */
  longestKernel: number;
  /** Submits of a burst. */
  perBurst: number;
  /** Wall time of an iteration, over that with one submit: median over rounds. */
  timeRatio: number;
  /** The same of the processor's time; null: unknown. */
  processorRatio: number | null;
  /** Whether all measurements and all weights are equal. */
  areBitsEqual: boolean;
}

const SGD = { kind: "sgd", learningRate: 0.1 } as const;
/** Submits that may be longer. */
const FIRST_SUBMITS = 10;

/**
 * Times one case; `processorTime` tells what this process has used of all cores, in milliseconds.
 */
export async function timeSubmits(
  { budget, replicas, rounds, burst }: SubmitCase,
  processorTime?: () => number,
): Promise<SubmitTimes> {
  const opened = await openGpu(), { device } = opened;
  const gpu = new Gpu(device, opened.adapter, undefined, budget);
  const sets = await makeSyntheticDigits({ seed: 1, trainCount: 6000, testCount: 1000 });
  const uploaded = await uploadSets(gpu, sets);
  const measured: string[][] = [[], []], submits: number[] = [], kernels: number[] = [];
  try {
    const one = await networkProgram(gpu, uploaded, { optimizer: SGD });
    const most = maxReplicas(gpu, one.spec);
    one.destroy();
    const options = { optimizer: SGD, replicas: replicas ?? most };
    const programs = [
      await networkProgram(gpu, uploaded, options),
      await networkProgram(gpu, uploaded, options),
    ];
    const run = async (index: number, limit: number | null, steps: BurstStep[]) => {
      gpu.submitMilliseconds = limit;
      const start = performance.now(), before = processorTime?.() ?? 0;
      const { submitMilliseconds, iterations, evaluations } = await programs[index].run(steps);
      const time = { wall: performance.now() - start, busy: (processorTime?.() ?? 0) - before };
      measured[index].push(JSON.stringify([iterations, evaluations]));
      const timed = submitMilliseconds.filter((ms) => ms !== null);
      if (limit !== null) submits.push(...timed);
      return { ...time, timed, count: submitMilliseconds.length };
    };
    // As a training begins: evaluations, then bursts that grow; on both, to compare their bits.
    const both = async (...steps: BurstStep[]) => {
      const { timed } = await run(0, budget, steps);
      return { timed, wall: (await run(1, null, steps)).wall };
    };
    const { share } = TIMING;
    TIMING.share = 1;
    for (const split of ["validate", "test"] as const) {
      kernels.push(...(await both({ evaluate: split })).timed);
    }
    let length = 1, wall = 0;
    for (; wall < burst / 4; length *= 4) {
      const { timed, wall: now } = await both({ iterate: length });
      if (length === 1) kernels.push(...timed);
      wall = now;
    }
    length = Math.max(1, Math.round(burst * length / 4 / wall));
    for (let i = 0; i < 3; i++) {
      await both(
        { iterate: length },
        ...(replicas === null ? [] : [{ evaluate: "test" } as const]),
      );
    }
    TIMING.share = share;
    const areBitsEqual = measured[0].join() === measured[1].join() && await sameWeights(programs);
    // One program both ways: where its buffers lie makes a difference of some percent.
    const walls: number[] = [], busy: number[] = [], each: number[] = [], counts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? [budget, null] : [null, budget];
      const times = [];
      for (const limit of order) times.push(await run(0, limit, [{ iterate: length }]));
      const [cut, whole] = round % 2 === 0 ? times : times.toReversed();
      walls.push(cut.wall / whole.wall);
      busy.push(cut.busy / whole.busy);
      each.push(whole.wall / length);
      counts.push(cut.count);
    }
    const after = submits.slice(FIRST_SUBMITS);
    const result = {
      adapter: opened.adapter.name,
      replicas: options.replicas,
      millisecondsPerIteration: median(each),
      submits: submits.length,
      longest: Math.max(...after),
      middle: median(after),
      nearlyAll: after.toSorted((a, b) => a - b)[Math.floor(0.95 * after.length)],
      overPerMille: 1000 * after.filter((ms) => ms > budget).length / after.length,
      longestKernel: Math.max(...kernels),
      perBurst: median(counts),
      timeRatio: median(walls),
      processorRatio: processorTime ? median(busy) : null,
      areBitsEqual,
    };
    for (const program of programs) program.destroy();
    return result;
  } finally {
    opened.destroy();
  }
}

async function sameWeights(programs: Program[]): Promise<boolean> {
  const [a, b] = [await programs[0].readParameters(), await programs[1].readParameters()];
  return a.every((layers, r) =>
    layers.every(({ weights, biases }, l) =>
      weights.every((weight, i) => Object.is(weight, b[r][l].weights[i])) &&
      biases.every((bias, i) => Object.is(bias, b[r][l].biases[i]))
    )
  );
}
