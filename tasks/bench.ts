/**
 * `deno task bench`: times whole training iterations of LeNet-300-100 (batch 60) and hand-written
 * NumPy in turn, in one run, and prints medians and ratios.
 */

import { fromFileUrl } from "@std/path";
import {
  adamSpec,
  type Gpu,
  openGpu,
  type OptimizerSpec,
  Program,
  runTraining,
  uploadExamples,
} from "../src/engine/mod.ts";
import { formatTable } from "../src/analysis/table.ts";
import type { ExampleSets } from "../src/datasets/examples.ts";
import { ModelFc } from "../src/foundations/model_fc.ts";
import { boolean, integer, path } from "../src/mnist_fc/flag_kinds.ts";
import { loadDataset } from "../src/mnist_fc/load_dataset.ts";
import { runKey } from "../src/foundations/seeds.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { ensureAdapter } from "./adapter.ts";
import { notice, runTask } from "./support.ts";

const task = {
  name: "bench",
  summary: "Times training iterations of LeNet-300-100 against NumPy, in one run.",
  flags: {
    mnistLocation: path({
      help: "folder with MNIST",
      defaultText: "MNIST_LOCATION of the environment, else the synthetic digits",
    }),
    rounds: integer({ min: 1, max: 100, default: 5, help: "measurements of each, medians count" }),
    iterations: integer({ min: 10, max: 1000, default: 200, help: "iterations per measurement" }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: ["deno task bench", "deno task bench --rounds 9 --json"],
};

const BATCH = 60, TRAIN = 55000;
const SGD: OptimizerSpec = { kind: "sgd", learningRate: 0.1 };
const ADAM = adamSpec(1.2e-3);

/** One line of the result. */
interface Row {
  what: string;
  value: number;
  unit: string;
  /** What the value has to be, and whether it is. */
  target?: string;
  met?: boolean;
}

await runTask(task, async (flags) => {
  await ensureAdapter(task.name);
  const gpu = await openGpu();
  const location = flags.mnistLocation ?? (Deno.env.get("MNIST_LOCATION") || null);
  const { sets } = await loadDataset({
    dataset: location === null ? "synthetic-digits" : "auto",
    location,
    storage: new DenoStorage(),
  });
  notice(`${gpu.adapter.name}, ${navigator.hardwareConcurrency} cores, ${sets.name}`);
  const rows: Row[] = [];
  const push = (row: Row) => {
    rows.push(row);
    notice(`  ${row.what}: ${format(row)}`);
  };
  push({ what: "compile, upload, first iteration", value: await startUp(gpu, sets), unit: "ms" });
  let sgdMilliseconds = NaN;
  for (const [name, optimizer] of [["SGD", SGD], ["Adam", ADAM]] as const) {
    const { ours, numpy } = await against(gpu, sets, optimizer, flags.rounds, flags.iterations);
    if (name === "SGD") sgdMilliseconds = ours;
    push({ what: `${name}, ours`, value: ours, unit: "ms/iteration" });
    push({ what: `${name}, NumPy, better of 1 and 2 threads`, value: numpy, unit: "ms/iteration" });
    const ratio = { what: `${name}, ours / NumPy`, value: ours / numpy, unit: "×" };
    const isJudged = name === "SGD" && gpu.adapter.isSoftware;
    push(isJudged ? { ...ratio, target: "≤ 5", met: ratio.value <= 5 } : ratio);
  }
  const packed = await eightReplicas(gpu, sets, flags.rounds, flags.iterations);
  push({ what: "8 replicas, per replica / 1 alone", value: packed, unit: "×" });
  const evaluation = await evaluationTime(gpu, sets, flags.rounds);
  push({ what: "evaluation of 10,000 images", value: evaluation, unit: "ms" });
  push({
    what: "the same in SGD iterations",
    value: evaluation / sgdMilliseconds,
    unit: "iterations",
  });
  const waiting = await waitingShare(gpu, sets);
  if (waiting !== null) {
    push({ what: "share of a run in which the GPU waits for the host", value: waiting, unit: "%" });
  }
  const table = formatTable(
    ["measurement", "value", "target"],
    rows.map((row) => [row.what, format(row), verdict(row)]),
    "lrl",
  );
  console.log(flags.json ? JSON.stringify({ adapter: gpu.adapter, rows }, null, 2) : table);
  gpu.destroy();
});

function format({ value, unit }: Row): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

function verdict({ target, met }: Row): string {
  return target === undefined ? "" : `${target}: ${met ? "met" : "missed"}`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** A dense LeNet-300-100 with its examples on the GPU, loaded and warmed up. */
async function lenet(
  gpu: Gpu,
  sets: ExampleSets,
  optimizer: OptimizerSpec,
  replicas = 1,
): Promise<Program> {
  const model = new ModelFc(
    { layers: [[300, "relu"], [100, "relu"], [sets.classes, null]] },
    sets.train.features,
    { keyFor: (layer) => runKey({ seed: 0, purpose: "init", trial: 1, layer }) },
  );
  const program = await Program.create(gpu, {
    layers: model.layers,
    optimizer,
    batchSize: BATCH,
    pool: await uploadExamples(gpu, sets.train, "unit"),
    test: await uploadExamples(gpu, sets.test, "unit"),
    trainCount: TRAIN,
    replicas,
  });
  for (let r = 0; r < replicas; r++) {
    program.load(r, {
      layers: model.layers.map(({ name }) => ({
        weights: model.weights[name].data,
        biases: model.biases[name].data,
        mask: model.masks[name].data,
      })),
      orderKey: [1, r],
      splitKey: [2, r],
      labelMap: null,
    });
  }
  await program.run([{ iterate: 10 }]);
  return program;
}

/** Milliseconds from the examples in memory to the first iteration's metrics. */
async function startUp(gpu: Gpu, sets: ExampleSets): Promise<number> {
  const start = performance.now();
  const program = await lenet(gpu, sets, ADAM);
  const elapsed = performance.now() - start;
  program.destroy();
  return elapsed;
}

/** Milliseconds per iteration, wall time of one burst, its readback included. */
async function timed(program: Program, iterations: number): Promise<number> {
  const start = performance.now();
  await program.run([{ iterate: iterations }]);
  return (performance.now() - start) / iterations;
}

/** Medians of ours and of NumPy's, measured in turn, each first in every other round. */
async function against(
  gpu: Gpu,
  sets: ExampleSets,
  optimizer: OptimizerSpec,
  rounds: number,
  iterations: number,
): Promise<{ ours: number; numpy: number }> {
  const program = await lenet(gpu, sets, optimizer);
  const ours: number[] = [], one: number[] = [], two: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const measurements = [
      async () => ours.push(await timed(program, iterations)),
      async () => one.push(await numpy(optimizer.kind, 1, iterations)),
      async () => two.push(await numpy(optimizer.kind, 2, iterations)),
    ];
    for (const measure of round % 2 === 0 ? measurements : measurements.reverse()) await measure();
  }
  program.destroy();
  return { ours: median(ours), numpy: Math.min(median(one), median(two)) };
}

async function numpy(optimizer: string, threads: number, iterations: number): Promise<number> {
  const script = fromFileUrl(new URL("../tests/peers/numpy_lenet.py", import.meta.url));
  const args = [script, "--json", "--optimizer", optimizer, "--batch", `${BATCH}`];
  for (const python of ["/usr/bin/python3", "python3"]) {
    const { success, stdout } = await new Deno.Command(python, {
      args: [...args, "--iterations", `${iterations}`],
      env: { OPENBLAS_NUM_THREADS: `${threads}` },
      stderr: "null",
    }).output();
    if (success) return JSON.parse(new TextDecoder().decode(stdout)).ms_per_iteration;
  }
  throw new Error("NumPy is missing; apt-get install python3-numpy libopenblas0-pthread");
}

async function eightReplicas(
  gpu: Gpu,
  sets: ExampleSets,
  rounds: number,
  iterations: number,
): Promise<number> {
  const alone = await lenet(gpu, sets, ADAM), packed = await lenet(gpu, sets, ADAM, 8);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const one = await timed(alone, iterations);
    ratios.push(await timed(packed, Math.ceil(iterations / 8)) / 8 / one);
  }
  alone.destroy();
  packed.destroy();
  return median(ratios);
}

/** Milliseconds for the test set, scaled to 10,000 images. */
async function evaluationTime(gpu: Gpu, sets: ExampleSets, rounds: number): Promise<number> {
  const program = await lenet(gpu, sets, SGD);
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    await program.run([{ evaluate: "test" }]);
    if (round > 0) times.push(performance.now() - start);
  }
  program.destroy();
  return median(times) * 10000 / sets.test.count;
}

/** Percent of a run's wall time in which the GPU works on none of its passes; null: no timestamps. */
async function waitingShare(gpu: Gpu, sets: ExampleSets): Promise<number | null> {
  const program = await lenet(gpu, sets, ADAM);
  let busy: number | null = null;
  const start = performance.now();
  await runTraining(program, { iterations: 1000, validateInterval: 100, testInterval: 100 }, {
    onProgress: ({ gpuMilliseconds }) => busy = gpuMilliseconds,
  });
  const wall = performance.now() - start;
  program.destroy();
  return busy === null ? null : 100 * (1 - busy / wall);
}
