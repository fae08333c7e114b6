/**
 * Times bursts cut into submits beside the same bursts as one submit each, in turn, on a software adapter
 * that has the budget of a hardware one (and its own tiles: with those of hardware a kernel of one network
 * takes it longer than the budget); for Deno and for a page.
 */

import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import { Gpu, maxReplicas, openGpu } from "../../src/engine/mod.ts";
import type { BurstStep, Program } from "../../src/engine/programs/program.ts";
import { TIMING } from "../../src/engine/programs/submits.ts";
import { median, networkProgram, uploadSets } from "../../tasks/lib/bench/network_program.ts";

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

/** Times one case; `processorTime` tells what this process has used of all cores, in milliseconds. */
export async function timeSubmits(
  { budget, replicas, rounds, burst }: SubmitCase,
  processorTime?: () => number,
): Promise<SubmitTimes> {
  const opened = await openGpu(), { device } = opened;
  const [cutGpu, wholeGpu] = [budget, null].map((limit) => new Gpu(device, opened.adapter, limit));
  const sets = await makeSyntheticDigits({ seed: 1, trainCount: 6000, testCount: 1000 });
  const uploaded = await uploadSets(cutGpu, sets);
  const measured: string[][] = [[], []], submits: number[] = [], kernels: number[] = [];
  try {
    const one = await networkProgram(cutGpu, uploaded, { optimizer: SGD });
    const most = maxReplicas(cutGpu, one.spec);
    one.destroy();
    const options = { optimizer: SGD, replicas: replicas ?? most };
    const programs = [
      await networkProgram(cutGpu, uploaded, options),
      await networkProgram(wholeGpu, uploaded, options),
    ];
    const run = async (index: number, steps: BurstStep[]) => {
      const start = performance.now(), before = processorTime?.() ?? 0;
      const { submitMilliseconds, iterations, evaluations } = await programs[index].run(steps);
      const time = { wall: performance.now() - start, busy: (processorTime?.() ?? 0) - before };
      measured[index].push(JSON.stringify([iterations, evaluations]));
      return { ...time, submits: submitMilliseconds };
    };
    const cut = async (steps: BurstStep[]) => {
      const result = await run(0, steps);
      const timed = result.submits.filter((ms) => ms !== null);
      submits.push(...timed);
      return { ...result, timed };
    };
    // As a training begins: evaluations, then bursts that grow. All submits are timed.
    const { share } = TIMING;
    TIMING.share = 1;
    for (const split of ["validate", "test"] as const) {
      kernels.push(...(await cut([{ evaluate: split }])).timed);
      await run(1, [{ evaluate: split }]);
    }
    let length = 1, milliseconds = 0;
    for (; milliseconds < burst / 4; length *= 4) {
      const { timed } = await cut([{ iterate: length }]);
      if (length === 1) kernels.push(...timed);
      milliseconds = (await run(1, [{ iterate: length }])).wall;
    }
    length = Math.max(1, Math.round(burst * length / 4 / milliseconds));
    for (let i = 0; i < 2; i++) {
      for (const index of [0, 1]) {
        const { submits: times } = await run(index, [{ iterate: length }]);
        if (index === 0) submits.push(...times.filter((ms) => ms !== null));
      }
    }
    TIMING.share = share;
    const walls: number[] = [], busy: number[] = [], each: number[] = [], counts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const steps: BurstStep[] = [{ iterate: length }];
      const whole = async () => await run(1, steps);
      const [a, b] = round % 2 === 0
        ? [await cut(steps), await whole()]
        : (await inOrder(whole, () => cut(steps))).toReversed();
      walls.push(a.wall / b.wall);
      busy.push(a.busy / b.busy);
      each.push(b.wall / length);
      counts.push(a.submits.length);
      if (replicas === null) continue;
      await cut([{ evaluate: "test" }]);
      await run(1, [{ evaluate: "test" }]);
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
      areBitsEqual: measured[0].join() === measured[1].join() && await sameWeights(programs),
    };
    for (const program of programs) program.destroy();
    return result;
  } finally {
    opened.destroy();
  }
}

async function inOrder<T>(first: () => Promise<T>, second: () => Promise<T>): Promise<T[]> {
  return [await first(), await second()];
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
