/**
 * `deno task bench`: times whole training iterations of a network (batch 60) and those of its peers
 * in turn, in one run, and prints medians, ratios and which targets they meet; with `--figures`,
 * also how the cost grows, as pictures.
 */

import { UsageError } from "../src/errors.ts";
import { boolean, choice, integer, path } from "../src/flags/kinds.ts";
import { NETWORK_NAMES } from "../src/models/networks.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { openKnownGpu } from "./lib/known_gpu.ts";
import { benchImages } from "./lib/bench/image_bench.ts";
import { benchLenet } from "./lib/bench/lenet_bench.ts";
import { Rows } from "./lib/bench/rows.ts";
import { dataLocationFlag, examplesFor } from "./lib/examples_at_hand.ts";
import { processorHere, processorText } from "./lib/processor.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "bench",
  summary:
    "Times training iterations of a network against NumPy, PyTorch, TensorFlow.js and jax-js " +
    "(those installed), in turn.",
  flags: {
    network: choice({ choices: NETWORK_NAMES, default: "lenet-300-100", help: "the network" }),
    mnistLocation: dataLocationFlag,
    rounds: integer({
      min: 1,
      max: 100,
      default: 5,
      help: "measurements of each; the median counts",
    }),
    iterations: integer({
      min: 1,
      max: 1000,
      help: "iterations per measurement",
      defaultText: "200; with convolutions as many as take two seconds",
    }),
    peers: boolean({ default: true, help: "measure only this program" }),
    figures: path({
      help:
        "also measure how the cost of lenet-300-100 grows with density and sizes; a folder for " +
        "bench.json and two SVGs",
      defaultText: "none",
    }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: [
    "deno task bench",
    "deno task bench --network lenet-5",
    "deno task bench --rounds 9 --json",
    "deno task bench --figures out",
  ],
};

await runTask(task, async (flags) => {
  const { network } = flags;
  if (flags.figures !== undefined && network !== "lenet-300-100") {
    throw new UsageError(
      `--figures applies to lenet-300-100; leave out --figures or --network ${network}`,
    );
  }
  await ensureAdapter(task.name);
  const gpu = await openKnownGpu();
  const sets = await examplesFor(network, flags.mnistLocation);
  const { isSoftware, name } = gpu.adapter, processor = await processorHere();
  notice(`${name}; ${processorText(processor)}; ${sets.name}`);
  const rows = new Rows(isSoftware);
  await (network === "lenet-300-100"
    ? benchLenet(gpu, sets, rows, { ...flags, iterations: flags.iterations ?? 200 })
    : benchImages(gpu, sets, rows, { ...flags, network }));
  print(
    flags.json
      ? JSON.stringify({ network, adapter: gpu.adapter, processor, rows: rows.all }, null, 2)
      : rows.text(),
  );
  gpu.destroy();
});
