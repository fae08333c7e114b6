/**
 * `deno task bench`: times whole training iterations of LeNet-300-100 (batch 60) and those of its
 * peers in turn, in one run, and prints medians, ratios and which targets they meet; with
 * `--figures`, also how the cost grows, as pictures.
 */

import { join } from "@std/path";
import {
  adamSpec,
  type Gpu,
  openGpu,
  type OptimizerSpec,
  type Program,
  runTraining,
} from "../src/engine/mod.ts";
import { tilesFor } from "../src/engine/kernels/tiles.ts";
import { fractionText } from "../src/analysis/percent.ts";
import { renderSvg } from "../src/figures/render_svg.ts";
import { densitySpec, type Growth, growthSpec } from "../src/figures/speed_charts.ts";
import { formatTable } from "../src/analysis/table.ts";
import type { ExampleSets } from "../src/datasets/examples.ts";
import { boolean, integer, path } from "../src/flags/kinds.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { examplesAtHand, mnistLocationFlag } from "./lib/examples_at_hand.ts";
import { measureGrowth } from "./lib/growth.ts";
import {
  lenetProgram,
  lotteryTickets,
  median,
  nearestTicket,
  type Ticket,
  timeEvaluation,
  timeIterations,
  type Uploaded,
  uploadSets,
} from "./lib/lenet_program.ts";
import {
  JAVASCRIPT_PEERS,
  type Peer,
  PROCESSOR_PEERS,
  timeInChromium,
  timePeer,
} from "./lib/peers.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "bench",
  summary: "Times training iterations of LeNet-300-100 against its peers, in one run.",
  flags: {
    mnistLocation: mnistLocationFlag,
    rounds: integer({ min: 1, max: 100, default: 5, help: "measurements of each, medians count" }),
    iterations: integer({ min: 10, max: 1000, default: 200, help: "iterations per measurement" }),
    peers: boolean({ default: true, help: "measure this program alone" }),
    figures: path({
      help:
        "measure too how the cost grows with density and sizes; a folder for bench.json and two " +
        "SVGs",
      defaultText: "do not",
    }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: [
    "deno task bench",
    "deno task bench --rounds 9 --json",
    "deno task bench --figures out",
  ],
};

const SGD: OptimizerSpec = { kind: "sgd", learningRate: 0.1 };
const ADAM = adamSpec(1.2e-3);

/** One line of the result. */
interface Row {
  what: string;
  value: number;
  unit: string;
  /** The target of the value, and whether it is met. */
  target?: string;
  met?: boolean;
}

const { tfjsWebgpu, jaxjsWebgpu, tfjsWasm, jaxjsWasm } = JAVASCRIPT_PEERS;
const [numpy, torch] = PROCESSOR_PEERS;
/** Peers, and the most that ours may take of their time. */
const COMPARISONS: { optimizer: OptimizerSpec; peers: [Peer, number][] }[] = [
  {
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
  { optimizer: ADAM, peers: [[numpy, 1], [torch, 1]] },
];

/** How often a full network's time a ticket's must go into it, by most share of live weights. */
const LEAST_RATIOS: [density: number, least: number][] = [[1, 1], [0.1, 2], [0.036, 4], [0.012, 6]];

await runTask(task, async (flags) => {
  await ensureAdapter(task.name);
  const gpu = await openGpu();
  const sets = await examplesAtHand(flags.mnistLocation);
  const { isSoftware, name } = gpu.adapter;
  notice(`${name}, ${navigator.hardwareConcurrency} cores, ${sets.name}`);
  const rows: Row[] = [];
  const push = (row: Row) => {
    rows.push(row);
    notice(`  ${row.what}: ${format(row)}${verdict(row) && ` (${verdict(row)})`}`);
  };
  /** The targets are for a software adapter on two cores. */
  const judged = (row: Row, target: string, met: boolean): Row =>
    isSoftware ? { ...row, target, met } : row;
  const atMost = (row: Row, most: number) => judged(row, `≤ ${most}`, row.value <= most);

  const start = await startUp(gpu, sets);
  push(atMost({ what: "compile, upload, first iteration", value: start, unit: "ms" }, 1500));
  const uploaded = await uploadSets(gpu, sets);
  let sgdMilliseconds = NaN;
  const peersOf = (peers: [Peer, number][]) => flags.peers ? peers : [];
  for (const { optimizer, peers: all } of COMPARISONS) {
    const peers = peersOf(all);
    const label = optimizer.kind === "sgd" ? "SGD" : "Adam";
    const { ours, theirs } = await against(gpu, uploaded, optimizer, peers.map(([p]) => p), flags);
    if (optimizer.kind === "sgd") sgdMilliseconds = ours;
    push({ what: `${label}, ours`, value: ours, unit: "ms/iteration" });
    peers.forEach(([peer, most], i) => {
      const value = theirs[i], what = `${label}, ${peer.name}`;
      if (value === null) return notice(`  ${what}: cannot be run; ${peer.install}`);
      push({ what, value, unit: "ms/iteration" });
      push(
        most < 1
          ? judged(
            { what: `${what} / ours`, value: value / ours, unit: "×" },
            `≥ ${Math.round(1 / most)}`,
            value / ours >= 1 / most,
          )
          : atMost({ what: `${label}, ours / ${peer.name}`, value: ours / value, unit: "×" }, most),
      );
    });
  }
  const tickets = await lotteryTickets(gpu, uploaded, { density: 0.012 });
  for (const replicas of [1, 8]) {
    const how = { ...flags, replicas, iterations: Math.ceil(flags.iterations / replicas) };
    for (const { density, ratio } of await sparseRatios(gpu, uploaded, tickets, how)) {
      const least = LEAST_RATIOS.findLast(([most]) => density <= 1.1 * most)![1];
      const networks = replicas === 1 ? "full network" : `${replicas} full networks`;
      const what = `Adam, ${networks} / with ${fractionText(density, 1)} of the weights`;
      push(judged({ what, value: ratio, unit: "×" }, `≥ ${least}`, ratio >= least));
    }
  }
  const packed = await eightReplicas(gpu, uploaded, flags);
  push(atMost({ what: "8 replicas, per replica / 1 alone", value: packed, unit: "×" }, 1));
  const full = await lenetProgram(gpu, uploaded, { optimizer: SGD });
  const evaluation = await timeEvaluation(full, uploaded, flags.rounds);
  full.destroy();
  push({ what: "evaluation of 10,000 images", value: evaluation, unit: "ms" });
  push(atMost({
    what: "the same in SGD iterations",
    value: evaluation / sgdMilliseconds,
    unit: "iterations",
  }, 20));
  const waiting = await waitingShare(gpu, uploaded);
  if (waiting !== null) {
    push(atMost({
      what: "share of a run in which the GPU waits for the host",
      value: waiting,
      unit: "%",
    }, 3));
  }
  if (flags.peers) {
    const there = await timeInChromium(flags.rounds);
    if (there === null) notice("  Chromium: cannot be run; apt-get install chromium");
    else {
      push({ what: "Chromium, SGD, ours", value: there.ours, unit: "ms/iteration" });
      push({
        what: "Chromium, SGD, TensorFlow.js WebGPU",
        value: there.theirs,
        unit: "ms/iteration",
      });
      const value = there.theirs / there.ours;
      const what = "Chromium, SGD, TensorFlow.js WebGPU / ours";
      push(judged({ what, value, unit: "×" }, "≥ 8", value >= 8));
    }
  }
  if (flags.figures !== undefined) {
    const growth = await measureGrowth(gpu, sets, uploaded, tickets, flags.rounds);
    const cores = `${navigator.hardwareConcurrency} cores`;
    const subtitle = `LeNet-300-100, Adam, batch 60, ${sets.name}; ${name}, ${cores}`;
    const results = { adapter: gpu.adapter, subtitle, rows, growth };
    await writeFigures(flags.figures, results);
    notice(`wrote ${flags.figures}`);
  }
  const table = formatTable(
    ["measurement", "value", "target"],
    rows.map((row) => [row.what, format(row), verdict(row)]),
    "lrl",
  );
  print(flags.json ? JSON.stringify({ adapter: gpu.adapter, rows }, null, 2) : table);
  gpu.destroy();
});

function format({ value, unit }: Row): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

function verdict({ target, met }: Row): string {
  return target === undefined ? "" : `${target}: ${met ? "met" : "missed"}`;
}

/** The full network's time over that of tickets near the densities that have a target, in turn. */
async function sparseRatios(
  gpu: Gpu,
  uploaded: Uploaded,
  tickets: readonly Ticket[],
  { rounds, iterations, replicas }: { rounds: number; iterations: number; replicas: number },
): Promise<{ density: number; ratio: number }[]> {
  const how = { optimizer: ADAM, replicas };
  const dense = await lenetProgram(gpu, uploaded, how);
  const { below } = tilesFor(gpu.adapter).sparse;
  const programs: { density: number; program: Program; times: number[] }[] = [];
  for (const wanted of [0.2, 0.1, 0.036, 0.012]) {
    const { masks, density } = nearestTicket(tickets, wanted);
    const isSparse = density < below;
    const program = await lenetProgram(gpu, uploaded, { ...how, masks, isSparse });
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
  const program = await lenetProgram(gpu, await uploadSets(gpu, sets), { optimizer: ADAM });
  const elapsed = performance.now() - start;
  program.destroy();
  return elapsed;
}

/** Medians of ours and of each peer, measured in turn, the order reversed in every other round. */
async function against(
  gpu: Gpu,
  uploaded: Uploaded,
  optimizer: OptimizerSpec,
  peers: readonly Peer[],
  { rounds, iterations }: { rounds: number; iterations: number },
): Promise<{ ours: number; theirs: (number | null)[] }> {
  const program = await lenetProgram(gpu, uploaded, { optimizer });
  const ours: number[] = [];
  /** By peer, by way, by round. */
  const theirs: (number[][] | null)[] = peers.map(({ ways }) => ways.map(() => []));
  const measurements = [
    async () => {
      ours.push(await timeIterations(program, iterations));
    },
    ...peers.map((peer, p) => async () => {
      if (theirs[p] === null) return;
      const times = await timePeer(peer, optimizer.kind);
      if (times === null) theirs[p] = null;
      else times.forEach((time, way) => theirs[p]![way].push(time));
    }),
  ];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? measurements : measurements.toReversed();
    for (const measure of order) await measure();
  }
  program.destroy();
  const best = (ways: number[][] | null) => ways && Math.min(...ways.map(median));
  return { ours: median(ours), theirs: theirs.map(best) };
}

async function eightReplicas(
  gpu: Gpu,
  uploaded: Uploaded,
  { rounds, iterations }: { rounds: number; iterations: number },
): Promise<number> {
  const alone = await lenetProgram(gpu, uploaded, { optimizer: ADAM });
  const packed = await lenetProgram(gpu, uploaded, { optimizer: ADAM, replicas: 8 });
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
  const program = await lenetProgram(gpu, uploaded, { optimizer: ADAM });
  let busy: number | null = null;
  const start = performance.now();
  await runTraining(program, { iterations: 2000, validateInterval: 100, testInterval: 100 }, {
    onProgress: ({ gpuMilliseconds }) => busy = gpuMilliseconds,
  });
  const wall = performance.now() - start;
  program.destroy();
  return busy === null ? null : 100 * (1 - busy / wall);
}
