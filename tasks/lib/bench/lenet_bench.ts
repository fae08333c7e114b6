/** Measures LeNet-300-100: against its peers, sparse, packed, in a browser; and how cost grows. */

import { join } from "@std/path";
import {
  adamSpec,
  type Gpu,
  type OptimizerSpec,
  type Program,
  runTraining,
} from "../../../src/engine/mod.ts";
import { fractionText } from "../../../src/analysis/percent.ts";
import { renderSvg } from "../../../src/figures/render_svg.ts";
import { densitySpec, type Growth, growthSpec } from "../../../src/figures/speed_charts.ts";
import type { ExampleSets } from "../../../src/datasets/examples.ts";
import { DenoStorage } from "../../../src/storage/deno.ts";
import { notice } from "../support.ts";
import { compareWith, type Pace } from "./against.ts";
import { measureGrowth } from "./growth.ts";
import { median } from "../../../src/foundations/tuning/search.ts";
import {
  lotteryTickets,
  nearestTicket,
  networkProgram,
  type Ticket,
  timeEvaluation,
  timeIterations,
  type Uploaded,
  uploadSets,
} from "./network_program.ts";
import { JAVASCRIPT_PEERS, type Peer, PROCESSOR_PEERS, timeInChromium } from "./peers.ts";
import type { Rows } from "./rows.ts";

const SGD: OptimizerSpec = { kind: "sgd", learningRate: 0.1 };
const ADAM = adamSpec(1.2e-3);

const { tfjsWebgpu, jaxjsWebgpu, tfjsWasm, jaxjsWasm } = JAVASCRIPT_PEERS;
const [numpy, torch] = PROCESSOR_PEERS;
/** Peers, and the most that ours may take of their time. */
const COMPARISONS: { label: string; optimizer: OptimizerSpec; peers: [Peer, number][] }[] = [
  {
    label: "SGD",
    optimizer: SGD,
    peers: [
      [numpy, 3],
      [torch, 1.2],
      [tfjsWebgpu, 1 / 15],
      [jaxjsWebgpu, 1 / 15],
      [tfjsWasm, 1 / 12],
      [jaxjsWasm, 1 / 4],
    ],
  },
  { label: "Adam", optimizer: ADAM, peers: [[numpy, 1], [torch, 1]] },
];

/** How often a full network's time a ticket's must go into it, by most share of live weights. */
const LEAST_RATIOS: [density: number, least: number][] = [[1, 1], [0.1, 2], [0.036, 4], [0.012, 6]];

/** What is measured, and how. */
export interface LenetBench extends Pace {
  /** Whether the peers are measured too. */
  peers: boolean;
  /** A folder for bench.json and two SVGs of how the cost grows. */
  figures?: string;
}

/** Adds the lines of LeNet-300-100. */
export async function benchLenet(
  gpu: Gpu,
  sets: ExampleSets,
  rows: Rows,
  flags: LenetBench,
): Promise<void> {
  const start = await startUp(gpu, sets);
  rows.atMost({ what: "compile, upload, first iteration", value: start, unit: "ms" }, 1500);
  const uploaded = await uploadSets(gpu, sets);
  for (const { label, optimizer, peers } of COMPARISONS) {
    const program = await networkProgram(gpu, uploaded, { optimizer });
    const compared = { label, kind: optimizer.kind, peers: flags.peers ? peers : [] };
    await compareWith(rows, program, compared, flags);
    program.destroy();
  }
  const tickets = await lotteryTickets(gpu, uploaded, { density: 0.012 });
  for (const replicas of [1, 8]) {
    const how = { ...flags, replicas, iterations: Math.ceil(flags.iterations / replicas) };
    for (const { density, ratio } of await sparseRatios(gpu, uploaded, tickets, how)) {
      const least = LEAST_RATIOS.findLast(([most]) => density <= 1.1 * most)![1];
      const networks = replicas === 1 ? "full network" : `${replicas} full networks`;
      const what = `Adam, ${networks} / with ${fractionText(density, 1)} of the weights`;
      rows.atLeast({ what, value: ratio, unit: "×" }, least);
    }
  }
  const packed = await eightReplicas(gpu, uploaded, flags);
  rows.atMost({ what: "8 replicas, per replica / 1 alone", value: packed, unit: "×" }, 1);
  const full = await networkProgram(gpu, uploaded, { optimizer: SGD });
  const evaluation = await timeEvaluation(full, uploaded, flags.rounds);
  const forward = await forwardMilliseconds(full, flags.iterations);
  full.destroy();
  rows.push({ what: "evaluation of 10,000 images", value: evaluation, unit: "ms" });
  const share = 100 * 10_000 * forward / evaluation;
  rows.atLeast({ what: "its speed / that of forward in training", value: share, unit: "%" }, 90);
  const waiting = await waitingShare(gpu, uploaded);
  if (waiting !== null) {
    const what = "share of a run in which the GPU waits for the host";
    rows.atMost({ what, value: waiting, unit: "%" }, 3);
  }
  if (flags.peers) await inChromium(rows, flags.rounds);
  if (flags.figures !== undefined) {
    const growth = await measureGrowth(gpu, sets, uploaded, tickets, flags.rounds);
    const cores = `${navigator.hardwareConcurrency} cores`;
    const subtitle = `LeNet-300-100, Adam, batch 60, ${sets.name}; ${gpu.adapter.name}, ${cores}`;
    await writeFigures(flags.figures, { adapter: gpu.adapter, subtitle, rows: rows.all, growth });
    notice(`wrote ${flags.figures}`);
  }
}

async function inChromium(rows: Rows, rounds: number): Promise<void> {
  const times = await timeInChromium(rounds);
  if (times === null) return notice("  Chromium: cannot be run; apt-get install chromium");
  const { ours, theirs } = times, peer = "Chromium, SGD, TensorFlow.js WebGPU";
  rows.push({ what: "Chromium, SGD, ours", value: ours, unit: "ms/iteration" });
  rows.push({ what: peer, value: theirs, unit: "ms/iteration" });
  rows.atLeast({ what: `${peer} / ours`, value: theirs / ours, unit: "×" }, 8);
}

/** The full network's time over that of tickets near the densities that have a target, in turn. */
async function sparseRatios(
  gpu: Gpu,
  uploaded: Uploaded,
  tickets: readonly Ticket[],
  { rounds, iterations, replicas }: Pace & { replicas: number },
): Promise<{ density: number; ratio: number }[]> {
  const how = { optimizer: ADAM, replicas };
  const dense = await networkProgram(gpu, uploaded, how);
  const { below } = gpu.tuned.sparse;
  const programs: { density: number; program: Program; times: number[] }[] = [];
  for (const wanted of [0.2, 0.1, 0.036, 0.012]) {
    const { masks, density } = nearestTicket(tickets, wanted);
    const isSparse = density < below;
    const program = await networkProgram(gpu, uploaded, { ...how, masks, isSparse });
    programs.push({ density, program, times: [] });
  }
  const full: number[] = [];
  for (let round = 0; round < rounds; round++) {
    full.push(await timeIterations(dense, iterations));
    for (const { program, times } of round % 2 ? programs.toReversed() : programs) {
      times.push(await timeIterations(program, iterations));
    }
  }
  for (const { program } of [{ program: dense }, ...programs]) program.destroy();
  return programs.map(({ density, times }) => ({ density, ratio: median(full) / median(times) }));
}

/** bench.json and the pictures of how the cost grows. */
async function writeFigures(
  folder: string,
  results: { subtitle: string; growth: Growth; [name: string]: unknown },
): Promise<void> {
  const storage = new DenoStorage(), { growth, subtitle } = results;
  const write = (name: string, text: string) =>
    storage.write(join(folder, name), new TextEncoder().encode(text));
  await write("bench.json", JSON.stringify(results, null, 2) + "\n");
  const density = densitySpec(growth, {
    title: "A training iteration gets faster as the network gets sparser",
    subtitle,
  });
  const sizes = growthSpec(growth, { title: "What a training iteration costs", subtitle });
  await write("speed_by_density.svg", await renderSvg(density));
  await write("cost_by_size.svg", await renderSvg(sizes));
}

/** Milliseconds from the examples in memory to the first iterations' metrics. */
async function startUp(gpu: Gpu, sets: ExampleSets): Promise<number> {
  const start = performance.now();
  const program = await networkProgram(gpu, await uploadSets(gpu, sets), { optimizer: ADAM });
  const elapsed = performance.now() - start;
  program.destroy();
  return elapsed;
}

/** Milliseconds for each example of a batch in the kernels of forward. */
async function forwardMilliseconds(program: Program, iterations: number): Promise<number> {
  const kernels = await program.profile(iterations);
  const forward = kernels.filter(({ label }) => label.startsWith("forward"));
  return forward.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / program.spec.batchSize;
}

async function eightReplicas(
  gpu: Gpu,
  uploaded: Uploaded,
  { rounds, iterations }: Pace,
): Promise<number> {
  const alone = await networkProgram(gpu, uploaded, { optimizer: ADAM });
  const packed = await networkProgram(gpu, uploaded, { optimizer: ADAM, replicas: 8 });
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const one = await timeIterations(alone, iterations);
    ratios.push(await timeIterations(packed, Math.ceil(iterations / 4)) / 8 / one);
  }
  alone.destroy();
  packed.destroy();
  return median(ratios);
}

/** Percent of a run's time in which the GPU works on none of its passes; null: no timestamps. */
async function waitingShare(gpu: Gpu, uploaded: Uploaded): Promise<number | null> {
  const program = await networkProgram(gpu, uploaded, { optimizer: ADAM });
  let busy: number | null = null;
  const start = performance.now();
  await runTraining(program, { iterations: 2000, validateInterval: 100, testInterval: 100 }, {
    onProgress: ({ gpuMilliseconds }) => busy = gpuMilliseconds,
  });
  const wall = performance.now() - start;
  program.destroy();
  return busy === null ? null : 100 * (1 - busy / wall);
}
