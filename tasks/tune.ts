/**
 * `deno task tune`: measures what src/engine/tuned.json chooses for this machine's class of
 * adapters, one setting after the other, and rewrites it. Results of training do not depend on the
 * tile shapes; which kernels train a network of a density does decide its last bits, and is kept in
 * each run.json.
 */

import { fromFileUrl } from "@std/path";
import { adamSpec, type Gpu, openGpu, type Program } from "../src/engine/mod.ts";
import { adapterClass, TUNED, type Tuned } from "../src/engine/kernels/tiles.ts";
import { formatTable } from "../src/analysis/table.ts";
import { boolean, integer } from "../src/flags/kinds.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { NETWORKS } from "../src/models/networks.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { crossoverOf, imagePrograms } from "./lib/crossover.ts";
import { examplesAtHand, mnistLocationFlag } from "./lib/examples_at_hand.ts";
import {
  lotteryTickets,
  median,
  nearestTicket,
  type NetworkOptions,
  networkProgram,
  type Ticket,
  timeEvaluation,
  timeIterations,
  type Uploaded,
  uploadSets,
} from "./lib/bench/network_program.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "tune",
  summary:
    "Measures tile shapes, replicas and the density at which lists of live weights win on this " +
    "adapter, and rewrites src/engine/tuned.json.",
  flags: {
    mnistLocation: mnistLocationFlag,
    rounds: integer({ min: 1, max: 100, default: 5, help: "measurements of each, medians count" }),
    iterations: integer({ min: 5, max: 1000, default: 100, help: "iterations per measurement" }),
    write: boolean({ default: true, help: "only print what was measured" }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: ["deno task tune", "deno task tune --no-write --rounds 9"],
};

type Tiles = Omit<Tuned, "measured" | "images" | "sparse" | "replicas" | "storage" | "skipsZeros">;

/** Values that are tried of each tile shape, in this order. */
const TILE_CHOICES: Partial<Record<keyof Tiles, number[]>> = {
  rows: [4, 6, 8, 10, 12, 15, 20],
  forwardVectors: [1, 2, 3, 5],
  backwardVectors: [1, 2, 3, 5],
  weightVectors: [1, 2, 3, 5],
  weightRowVectors: [1, 2, 4],
  unroll: [2, 3, 4, 6],
  lanes: [8, 16, 32],
};
/** The same of convolutions, measured with LeNet-5. */
const IMAGE_CHOICES: Partial<Record<keyof Tuned["images"], number[]>> = {
  rows: [4, 6, 10, 12],
  forwardVectors: [1, 2, 3, 5, 8],
  backwardVectors: [1, 2, 3, 5, 8],
  weightRowVectors: [1, 2, 3, 4],
  weightVectors: [1, 2, 3, 5],
  unroll: [1, 2, 3, 4],
};
/** How many iterations of LeNet-300-100 take as long as one of LeNet-5. */
const IMAGE_ITERATIONS = 10;
const SPARSE_CHOICES: Partial<Record<keyof Tuned["sparse"], number[]>> = {
  lanes: [8, 16],
  unitLanes: [1, 4],
  unitsEach: [1, 2, 4, 8, 16],
  updateLanes: [8, 16, 32, 64],
};
const REPLICAS = [1, 2, 4, 8, 16, 32];
/** Another value must be faster by this much to be taken: less is noise. */
const MARGIN = 0.95;
/** Densities of networks that take images, around where lists begin to win. */
const IMAGE_DENSITIES = [0.5, 0.4, 0.33, 0.26, 0.2, 0.15, 0.1];
/** The tile shapes of lists are measured at this density. */
const SPARSE_DENSITY = 0.05;

/** Evaluations of 10,000 examples for each iteration of the paper's protocol: 15,000 every 100. */
const EVALUATIONS = 0.015;

/** A trial of a setting: its values and their times, and the chosen one. */
interface Trial {
  setting: string;
  milliseconds: Record<string, number>;
  chosen: number | null;
}

await runTask(task, async (flags) => {
  await ensureAdapter(task.name);
  const gpu = await openGpu();
  const sets = await examplesAtHand(flags.mnistLocation);
  const uploaded = await uploadSets(gpu, sets);
  const name = adapterClass(gpu.adapter);
  notice(`${gpu.adapter.name} (${name}), ${navigator.hardwareConcurrency} cores, ${sets.name}`);
  const optimizer = adamSpec(1.2e-3);
  const trials: Trial[] = [];
  const push = (trial: Trial) => {
    trials.push(trial);
    const times = Object.entries(trial.milliseconds).map(([value, ms]) =>
      `${value}: ${ms.toFixed(3)}`
    );
    notice(`  ${trial.setting} ${trial.chosen}   (ms: ${times.join(", ")})`);
  };
  /** Times programs that differ in a setting; those that the device refuses do not count. */
  const timed = async (
    values: readonly number[],
    change: (tuned: Tuned, value: number) => Tuned,
    options: NetworkOptions,
    iterations = flags.iterations,
  ): Promise<Record<string, number>> => {
    const before = TUNED[name], programs = new Map<string, Program>();
    for (const value of values) {
      TUNED[name] = change(before, value);
      try {
        programs.set(`${value}`, await networkProgram(gpu, uploaded, options));
      } catch (error) {
        notice(`  ${value}: ${error instanceof Error ? error.message : error}`);
      }
    }
    TUNED[name] = before;
    const times = await timeTogether(programs, { ...flags, iterations });
    for (const program of programs.values()) program.destroy();
    return times;
  };
  const choose = (times: Record<string, number>, current: number): number => {
    const [best, time] = Object.entries(times).reduce((a, b) => b[1] < a[1] ? b : a);
    return time < MARGIN * (times[current] ?? Infinity) ? Number(best) : current;
  };

  for (const [key, values] of entries(TILE_CHOICES)) {
    const change = (tuned: Tuned, value: number): Tuned => {
      const next = { ...tuned, [key]: value };
      return { ...next, window: next.rows * Math.max(1, Math.round(tuned.window / next.rows)) };
    };
    const current = TUNED[name][key];
    const times = await timed(union(values, current), change, { optimizer });
    const chosen = choose(times, current);
    TUNED[name] = change(TUNED[name], chosen);
    push({ setting: key, milliseconds: times, chosen });
  }
  /** Chooses the settings of one kind of kernels. */
  const choosePart = async <P extends "images" | "sparse">(
    part: P,
    choices: Partial<Record<keyof Tuned[P] & string, number[]>>,
    options: NetworkOptions,
    iterations?: number,
  ): Promise<void> => {
    for (const [key, values] of entries(choices)) {
      const change = (tuned: Tuned, value: number): Tuned => ({
        ...tuned,
        [part]: { ...tuned[part], [key]: value },
      });
      const current = TUNED[name][part][key] as number;
      const times = await timed(union(values, current), change, options, iterations);
      const chosen = choose(times, current);
      TUNED[name] = change(TUNED[name], chosen);
      push({ setting: `${part}.${key}`, milliseconds: times, chosen });
    }
  };
  const { hidden } = NETWORKS["lenet-5"];
  const few = Math.ceil(flags.iterations / IMAGE_ITERATIONS);
  await choosePart("images", IMAGE_CHOICES, { optimizer, hidden }, few);
  const tickets = await lotteryTickets(gpu, uploaded, { density: SPARSE_DENSITY });
  const { masks } = nearestTicket(tickets, SPARSE_DENSITY);
  await choosePart("sparse", SPARSE_CHOICES, { optimizer, isSparse: true, masks });
  const replicas = await measureReplicas(gpu, uploaded, flags);
  TUNED[name] = { ...TUNED[name], replicas: replicas.chosen };
  push(replicas);
  const crossover = await measureCrossover(gpu, uploaded, tickets, {
    ...flags,
    replicas: replicas.chosen ?? REPLICAS.at(-1)!,
  });
  TUNED[name] = { ...TUNED[name], sparse: { ...TUNED[name].sparse, below: crossover.chosen! } };
  push(crossover);
  const images = await measureImageCrossover(gpu, uploaded, flags);
  const { sparse: lists } = TUNED[name];
  TUNED[name] = { ...TUNED[name], sparse: { ...lists, belowImages: images.chosen! } };
  push(images);

  const today = new Date().toISOString().slice(0, 10);
  const cores = `${navigator.hardwareConcurrency} cores`;
  TUNED[name] = { ...TUNED[name], measured: `${gpu.adapter.name}, ${cores}, ${today}` };
  if (flags.write) {
    const file = fromFileUrl(new URL("../src/engine/tuned.json", import.meta.url));
    const text = JSON.stringify(TUNED, null, 2) + "\n";
    await new DenoStorage().write(file, new TextEncoder().encode(text));
    notice(`wrote ${file}`);
  }
  const rows = trials.map(({ setting, milliseconds, chosen }) => [
    setting,
    `${chosen ?? "as many as fit"}`,
    Object.entries(milliseconds).map(([value, ms]) => `${value}: ${ms.toFixed(3)}`).join("  "),
  ]);
  print(
    flags.json
      ? JSON.stringify({ adapter: gpu.adapter, class: name, tuned: TUNED[name], trials }, null, 2)
      : formatTable(["setting", "chosen", "milliseconds"], rows, "lrl"),
  );
  gpu.destroy();
});

/** Medians of programs that are timed in turn. */
async function timeTogether(
  programs: ReadonlyMap<string, Program>,
  { rounds, iterations }: { rounds: number; iterations: number },
): Promise<Record<string, number>> {
  const times = new Map<string, number[]>([...programs.keys()].map((key) => [key, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...programs] : [...programs].reverse();
    for (const [key, program] of order) {
      times.get(key)!.push(await timeIterations(program, iterations));
    }
  }
  return Object.fromEntries([...times].map(([key, all]) => [key, median(all)]));
}

/**
 * The density at which lists of live weights begin to win, among the tickets of a lottery: by the
 * time of an iteration and its share of the paper's evaluations, of as many replicas as are best.
 */
async function measureCrossover(
  gpu: Gpu,
  uploaded: Uploaded,
  tickets: readonly Ticket[],
  { rounds, iterations, replicas }: { rounds: number; iterations: number; replicas: number },
): Promise<Trial> {
  const how = { optimizer: adamSpec(1.2e-3), replicas }, times: Record<string, number> = {};
  const programs = new Map([["dense", await networkProgram(gpu, uploaded, how)]]);
  // Sparser ones win by far.
  const near = tickets.filter(({ density }) => density < 0.6 && density > 0.05);
  for (const { masks, density } of near) {
    const program = await networkProgram(gpu, uploaded, { ...how, masks, isSparse: true });
    programs.set(density.toFixed(4), program);
  }
  const perIteration = await timeTogether(programs, {
    rounds,
    iterations: Math.max(5, Math.ceil(iterations / replicas)),
  });
  for (const [key, program] of programs) {
    const evaluation = await timeEvaluation(program, uploaded, rounds);
    times[key] = perIteration[key] + EVALUATIONS * evaluation;
    program.destroy();
  }
  const chosen = crossoverOf(near.map(({ density }) => density), times);
  return { setting: "sparse.below", milliseconds: times, chosen };
}

/**
 * The same of networks that take images: the least of the crossovers of LeNet-5 and Conv-2, so that
 * lists are not chosen where they lose. Iterations alone count.
 */
async function measureImageCrossover(
  gpu: Gpu,
  uploaded: Uploaded,
  { rounds, iterations }: { rounds: number; iterations: number },
): Promise<Trial> {
  const milliseconds: Record<string, number> = {}, crossovers: number[] = [];
  for (const network of ["lenet-5", "conv-2"] as const) {
    const programs = await imagePrograms(gpu, uploaded, network, IMAGE_DENSITIES);
    const times = await timeTogether(programs, { rounds, iterations: Math.ceil(iterations / 20) });
    for (const program of programs.values()) program.destroy();
    for (const [key, time] of Object.entries(times)) milliseconds[`${network} ${key}`] = time;
    crossovers.push(crossoverOf(IMAGE_DENSITIES, times));
  }
  return { setting: "sparse.belowImages", milliseconds, chosen: Math.min(...crossovers) };
}

/** The fewest replicas that give the most iterations per second; null if more always gave more. */
async function measureReplicas(
  gpu: Gpu,
  uploaded: Uploaded,
  flags: { rounds: number; iterations: number },
): Promise<Trial> {
  const optimizer = adamSpec(1.2e-3), perReplica: Record<string, number> = {};
  for (const replicas of REPLICAS) {
    const program = await networkProgram(gpu, uploaded, { optimizer, replicas });
    const iterations = Math.max(5, Math.ceil(flags.iterations / replicas));
    const times: number[] = [];
    for (let round = 0; round < flags.rounds; round++) {
      times.push(await timeIterations(program, iterations) / replicas);
    }
    perReplica[replicas] = median(times);
    program.destroy();
  }
  const best = Math.min(...Object.values(perReplica));
  const chosen = REPLICAS.find((replicas) => perReplica[replicas] <= best / MARGIN)!;
  return {
    setting: "replicas",
    milliseconds: perReplica,
    chosen: chosen === REPLICAS.at(-1) ? null : chosen,
  };
}

function union(values: readonly number[], current: number): number[] {
  return [...new Set([...values, current])].sort((a, b) => a - b);
}

function entries<K extends string>(choices: Partial<Record<K, number[]>>): [K, number[]][] {
  return Object.entries(choices) as [K, number[]][];
}
