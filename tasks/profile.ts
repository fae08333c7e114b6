/** `deno task profile`: where the time of a training iteration goes, kernel by kernel. */

import { adamSpec, Gpu, type OptimizerSpec } from "../src/engine/mod.ts";
import { fractionText } from "../src/analysis/percent.ts";
import { formatTable } from "../src/analysis/table.ts";
import { boolean, choice, integer, number, string } from "../src/flags/kinds.ts";
import { UsageError } from "../src/errors.ts";
import { applied, type Chosen, isChoice } from "../src/foundations/tuning/settings.ts";
import { protocolNamed } from "../src/lottery/protocols.ts";
import { NETWORK_NAMES, NETWORKS } from "../src/models/networks.ts";
import type { KernelProfile } from "../src/engine/programs/profile.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { openKnownGpu } from "./lib/known_gpu.ts";
import { dataLocationFlag, examplesFor } from "./lib/examples_at_hand.ts";
import {
  BATCH,
  lotteryTickets,
  networkProgram,
  timeIterations,
  uploadSets,
} from "./lib/bench/network_program.ts";
import { expectedTime, GPUS } from "./lib/expected_time.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "profile",
  summary:
    "Times each kernel of a training iteration of a network, with its arithmetic and memory.",
  flags: {
    network: choice({ choices: NETWORK_NAMES, default: "lenet-300-100", help: "the network" }),
    mnistLocation: dataLocationFlag,
    optimizer: choice({ choices: ["sgd", "adam"], default: "adam", help: "update rule" }),
    batchSize: integer({ min: 1, max: 65536, default: BATCH, help: "examples per iteration" }),
    density: number({
      min: 0.01,
      max: 1,
      default: 1,
      help: "fraction of live weights; below 1, times the lists of a short lottery's ticket",
    }),
    replicas: integer({ min: 1, max: 10000, default: 1, help: "networks trained at once" }),
    iterations: integer({ min: 1, max: 10000, default: 300, help: "iterations to time" }),
    expect: choice({
      choices: Object.keys(GPUS) as (keyof typeof GPUS)[],
      help: "do not measure, but predict the time of each kernel on such a GPU",
    }),
    choose: string({
      help:
        "settings to use instead of the adapter's, such as rows=1,groupRows=16,forwardParts=8 " +
        "(all are in src/foundations/tuning/settings.ts)",
    }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: [
    "deno task profile",
    "deno task profile --optimizer sgd --replicas 8",
    "deno task profile --density 0.1",
    "deno task profile --network lenet-5 --iterations 10",
    "deno task profile --expect h100 --replicas 20",
    "deno task profile --expect h100 --choose forwardParts=8",
  ],
};

await runTask(task, async (flags) => {
  const { network } = flags;
  if (flags.density < 1 && network !== "lenet-300-100") {
    throw new UsageError(
      `--density applies to lenet-300-100; leave out --density or --network ${network}`,
    );
  }
  await ensureAdapter(task.name);
  const opened = await openKnownGpu();
  const own = flags.expect ? asHardware(opened) : opened;
  const gpu = flags.choose ? own.tunedAs(applied(own.tuned, chosenIn(flags.choose), [])) : own;
  const sets = await examplesFor(flags.network, flags.mnistLocation);
  notice(
    flags.expect
      ? `${GPUS[flags.expect].name}, expected`
      : `${gpu.adapter.name}, ${navigator.hardwareConcurrency} cores, ${sets.name}`,
  );
  const optimizer: OptimizerSpec = flags.optimizer === "adam"
    ? adamSpec(1.2e-3)
    : { kind: "sgd", learningRate: 0.1 };
  const { iterations, replicas, batchSize } = flags;
  const { normalization } = protocolNamed(network === "lenet-300-100" ? "paper" : network);
  const uploaded = await uploadSets(gpu, sets, normalization);
  const masks = flags.density < 1
    ? (await lotteryTickets(gpu, uploaded, { density: flags.density })).at(-1)!.masks
    : undefined;
  const { hidden } = NETWORKS[network];
  const how = { optimizer, replicas, batchSize, masks, isSparse: masks !== undefined, hidden };
  const program = await networkProgram(gpu, uploaded, how);
  if (flags.expect) {
    const { expect } = flags, limits = GPUS[expect];
    const expected = expectedRows(await program.profile(1), limits);
    // The same as one kernel, which a GPU may prefer; there is none of a batch too large for it.
    const kernels = masks
      ? await (await networkProgram(withIterations(gpu), uploaded, how)).profile(1)
      : [];
    const candidate = kernels.length === 1 ? expectedRows(kernels, limits) : null;
    gpu.destroy();
    const texts = [expected, candidate].flatMap((rows) => rows ? [expectedText(rows)] : []);
    print(
      flags.json
        ? JSON.stringify({
          ...{ network, expect, optimizer, replicas, batchSize, expected },
          ...(candidate && { candidate }),
        })
        : texts.join("\n\nor, whole iterations in one kernel\n"),
    );
    return;
  }
  const perSubmit = Math.min(iterations, 1000);
  const wall = await timeIterations(program, perSubmit);
  const kernels = await program.profile(iterations);
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  gpu.destroy();
  if (flags.json) {
    const { adapter } = gpu;
    print(
      JSON.stringify({ network, adapter, optimizer, replicas, batchSize, wall, kernels }, null, 2),
    );
    return;
  }
  const rows = kernels.map(({ label, milliseconds, work }) => [
    label,
    milliseconds.toFixed(4),
    fractionText(milliseconds / total, 1),
    work ? (work.flops / 1e6).toFixed(2) : "",
    work ? (work.flops / milliseconds / 1e6).toFixed(1) : "",
    work ? (work.bytes / milliseconds / 1e6).toFixed(2) : "",
  ]);
  rows.push(["all kernels, one by one", total.toFixed(4), "100%", "", "", ""]);
  rows.push(["an iteration, in one pass", wall.toFixed(4), "", "", "", ""]);
  const head = ["kernel", "ms", "share", "MFLOP", "GFLOP/s", "GB/s"];
  print(formatTable(head, rows, "lrrrrr"));
  print(
    "FLOP and bytes are those of dense arithmetic, whatever zeros are left out; " +
      `${
        gpu.device.features.has("timestamp-query")
          ? "timed with timestamps"
          : "timed by differences"
      }.`,
  );
});

/** The settings in a flag. */
function chosenIn(list: string): Chosen {
  return Object.fromEntries(
    list.split(",").map((part) => {
      const [name, text = ""] = part.trim().split("=");
      // Of no text, Number makes 0.
      const number = text.trim() === "" ? NaN : Number(text);
      const value = ["true", "false"].includes(text) ? text === "true" : number;
      for (const choice of [value, text]) if (isChoice(name, choice)) return [name, choice];
      throw new UsageError(
        `--choose "${part}" names no setting with this value; give one such as groupRows=8`,
      );
    }),
  );
}

/** The same device as a hardware adapter: its programs have the kernels of one. */
function asHardware({ device, adapter }: Gpu): Gpu {
  return new Gpu(device, { ...adapter, name: "GPU", isSoftware: false });
}

/** The same with networks of lists trained by the kernel that does whole iterations. */
function withIterations(gpu: Gpu): Gpu {
  return gpu.tunedAs({ ...gpu.tuned, sparse: { ...gpu.tuned.sparse, iterations: 1 } });
}

/** What each kernel should take on a GPU. */
function expectedRows(kernels: readonly KernelProfile[], gpu: (typeof GPUS)[keyof typeof GPUS]) {
  return kernels.map((kernel) => {
    const { label, work, invocations } = kernel;
    return { label, work, invocations, ...expectedTime(kernel, gpu) };
  });
}

function expectedText(rows: ReturnType<typeof expectedRows>): string {
  const lines = rows.map(({ label, work, invocations, microseconds, bound }) => [
    label,
    work ? (work.flops / 1e6).toFixed(2) : "",
    work ? (work.bytes / 1e6).toFixed(2) : "",
    `${invocations}`,
    microseconds.toFixed(1),
    bound,
  ]);
  const total = rows.reduce((sum, { microseconds }) => sum + microseconds, 0);
  lines.push(["an iteration", "", "", "", total.toFixed(1), ""]);
  const head = ["kernel", "MFLOP", "MB", "invocations", "µs", "bound by"];
  return `${formatTable(head, lines, "lrrrrl")}\n` +
    "The least that arithmetic, memory, caches, latency and dispatches allow " +
    "(tasks/lib/expected_time.ts); nobody has measured it.";
}
