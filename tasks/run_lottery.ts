/** `deno task run-lottery`: finds winning tickets and prints what it found. */

import type { Gpu } from "../src/engine/mod.ts";
import { openGpu } from "../src/engine/mod.ts";
import { UsageError } from "../src/errors.ts";
import type { LevelStart } from "../src/foundations/experiment.ts";
import { checkBinary } from "../src/foundations/network.ts";
import * as paths from "../src/foundations/paths.ts";
import { RunQueue } from "../src/foundations/run_queue.ts";
import { restoreNetwork, standardize } from "../src/foundations/save_restore.ts";
import { union } from "../src/foundations/union.ts";
import { loadDataset } from "../src/mnist_fc/load_dataset.ts";
import { LotteryExperiment } from "../src/mnist_fc/lottery_experiment.ts";
import { lotteryReport } from "../src/mnist_fc/lottery_report.ts";
import { resolveProtocol } from "../src/mnist_fc/protocols.ts";
import { runFlags } from "../src/mnist_fc/run_flags.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { ensureAdapter } from "./adapter.ts";
import { createProgress, formatDuration } from "./progress.ts";
import { notice, runTask, type TaskValues, warn } from "./support.ts";

const task = {
  name: "run-lottery",
  summary: "Finds winning lottery tickets: train, prune, rewind to the initial weights, repeat.",
  flags: runFlags,
  examples: [
    "deno task run-lottery",
    "deno task run-lottery --protocol paper --trials 1-5 --experiment-path results/paper",
    "deno task run-lottery --dataset synthetic-digits --iterations 5 --training-len 500 --seed 7",
  ],
};

await runTask(task, async (flags) => {
  if (flags.outputDir !== undefined && flags.experimentPath !== undefined) {
    throw new UsageError("--output-dir and --experiment-path exclude each other; give one of them");
  }
  if (flags.dataset === "synthetic-digits" && flags.mnistLocation !== undefined) {
    throw new UsageError(
      "--dataset synthetic-digits is built in and takes no --mnist-location; give one of them",
    );
  }
  const protocol = resolveProtocol(flags);
  const storage = new DenoStorage();
  await ensureAdapter(task.name);
  const gpu = await openGpu();
  const data = await loadDataset({
    dataset: flags.dataset,
    location: flags.mnistLocation ?? locationFromEnvironment(flags.dataset),
    storage,
    onNotice: warn,
  });
  const experimentPath = flags.experimentPath ?? `results/${data.record.name}-${flags.protocol}`;
  const output = flags.outputDir ?? experimentPath;

  const progress = createProgress({ quiet: flags.quiet });
  const stages = protocol.levels + 1;
  let stage = "", total = 0, trained = 0;
  const queue = new RunQueue(gpu, {
    replicas: flags.replicas,
    onProgress: ({ runs, iteration, iterations, loss, accuracy }) => {
      const done = trained + runs * iteration;
      progress.update({ stage, iteration, iterations, done, total, loss, accuracy });
      if (iteration === iterations) trained += runs * iterations;
    },
  });
  const lottery = await LotteryExperiment.open({
    storage,
    queue,
    data,
    protocol,
    seed: flags.seed,
    trialFolder: (trial) => flags.outputDir ?? paths.trial(experimentPath, trial),
    experimentName: flags.experimentName,
    start: await readStart(storage, flags),
    permuteLabels: flags.permuteLabels,
    trainOrderSeed: flags.trainOrderSeed,
    control: flags.control,
    overwrite: flags.overwrite,
    onStart: ({ kind, level }) => {
      stage = kind === "ticket" ? `level ${level}/${stages - 1}` : "control";
    },
    onRun: ({ kind, trial, level, percent, earlyStopAccuracy, finalAccuracy, found }) => {
      const what = kind === "ticket" ? `level ${level}` : `control at level ${level}`;
      const accuracy = 100 * (earlyStopAccuracy ?? finalAccuracy);
      notice(
        `trial ${trial}  ${what}  ${percent.toFixed(2)}% of the weights  ` +
          `test accuracy ${accuracy.toFixed(2)}%${found ? "  (finished before)" : ""}`,
      );
    },
  });
  total = (lottery.runCount - lottery.finishedCount) * lottery.iterations;
  const header = [
    ["adapter", adapterText(gpu)],
    [
      "dataset",
      `${data.record.name}: ${data.record.trainCount - protocol.validationSize} training, ` +
      `${protocol.validationSize} validation, ${data.record.testCount} test examples`,
    ],
    ["protocol", `${flags.protocol}: ${protocolText(protocol, lottery.iterations)}`],
    ["seed", `${flags.seed}`],
    ["output", output],
    [
      "expected",
      `${lottery.runCount - lottery.finishedCount} of ${lottery.runCount} runs to train, about ` +
      formatDuration(await lottery.expectedSeconds()),
    ],
  ];
  for (const [name, text] of header) notice(`${name.padEnd(9)} ${text}`);

  const runs = await lottery.run().finally(() => progress.end());
  const report = await lotteryReport({
    storage,
    runs,
    output,
    experimentName: flags.experimentName,
    title: `Winning tickets on ${data.record.name}`,
    context: {
      adapter: gpu.adapter,
      dataset: data.record,
      protocol: { name: flags.protocol, ...protocol },
      seed: flags.seed,
      output,
    },
  });
  console.log(flags.json ? JSON.stringify(report.json, null, 2) : report.text);
  await queue.destroy();
  gpu.destroy();
});

/** MNIST_LOCATION says where MNIST is, and nothing of other datasets. */
function locationFromEnvironment(dataset: string): string | null {
  return dataset === "auto" || dataset === "mnist" ? Deno.env.get("MNIST_LOCATION") || null : null;
}

async function readStart(
  storage: DenoStorage,
  flags: TaskValues<typeof runFlags>,
): Promise<LevelStart> {
  const presets = await standardize(flags.presets ?? null, null, storage);
  const masksOf = async (folder: string) => {
    const masks = await restoreNetwork(storage, folder);
    for (const [name, mask] of Object.entries(masks)) checkBinary(mask, paths.layer(folder, name));
    return masks;
  };
  const given = await Promise.all((flags.masks ?? []).map(masksOf));
  const masks = await standardize(given, union, storage);
  return { presets: presets ?? undefined, masks: masks ?? undefined };
}

function adapterText({ adapter }: Gpu): string {
  return adapter.isSoftware ? `${adapter.name}, software on the processor` : adapter.name;
}

function protocolText(protocol: ReturnType<typeof resolveProtocol>, iterations: number): string {
  const { trials, levels, layers, optimizer, learningRate, batchSize } = protocol;
  const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  return `${count(trials.length, "trial")}, ${count(levels, "pruning")}, ` +
    `${count(iterations, "iteration")} per run, hidden layers ${layers.join("-")}, ` +
    `${optimizer.kind} ${learningRate}, batch ${batchSize}`;
}
