/** `deno task report`: figures, claims and the anatomy of tickets, from finished experiments. */

import { openGpu } from "../src/engine/mod.ts";
import { UsageError } from "../src/errors.ts";
import { connectivityReport } from "../src/reports/connectivity_report.ts";
import { boolean, path } from "../src/flags/kinds.ts";
import { numbers } from "../src/flags/lists.ts";
import { loadDataset } from "../src/datasets/load_dataset.ts";
import { writeReport } from "../src/reports/report.ts";
import { runFlags } from "../src/commands/flags/run_flags.ts";
import type { Connect } from "../src/reports/sections/section.ts";
import { CURVE_PERCENTS } from "../src/reports/study_report.ts";
import { watchReport } from "../src/reports/watch_report.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { mnistPackage } from "./lib/mnist_package.ts";
import { interruptible, notice, print, printJson, runTask } from "./lib/support.ts";
import { choiceFor, USUAL } from "../src/datasets/datasets.ts";

const task = {
  name: "report",
  summary:
    "Writes a page with the paper's figures and claims and the anatomy of the tickets, from the " +
    "finished runs of one or several experiments (an experiment, its one-shot counterpart, other " +
    "seeds). A damaged run is named and left out, with exit code 0 (verify checks every file).",
  operands: ["EXPERIMENT", "[EXPERIMENT…]"],
  flags: {
    outputDir: path({
      help: "folder of the report",
      defaultText: "report in the first experiment",
    }),
    percents: numbers({
      help:
        "levels whose curves to draw, by weights remaining in percent; the nearest level counts",
      default: CURVE_PERCENTS,
      min: 0.01,
      max: 100,
    }),
    connectivity: boolean({
      help:
        "also compare tickets in pairs, on the GPU: the loss barrier on the straight line between " +
        "them, and the test examples that they classify differently",
    }),
    mnistLocation: { ...runFlags.mnistLocation, group: "Flags" },
    watch: boolean({ help: "write the report again whenever a run finishes, until ctrl-C" }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: [
    "deno task report results/mnist-quick",
    "deno task report results/mnist-paper results/mnist-paper-one-shot --output-dir report",
    "deno task report results/mnist-paper --watch",
  ],
};

/** Damaged runs that are named on stderr. */
const MOST_WARNINGS = 5;

await runTask(task, async (flags, roots) => {
  if (flags.watch && flags.json) {
    throw new UsageError("--watch and --json exclude each other; give one of them");
  }
  const storage = new DenoStorage();
  const options = {
    storage,
    roots,
    output: flags.outputDir ?? `${roots[0].replace(/(.)\/+$/, "$1")}/report`,
    percents: flags.percents,
    ...(flags.connectivity && { connect: connectWith(storage, flags.mnistLocation) }),
  };
  if (!flags.watch) {
    const { text, json, damage } = await writeReport({ ...options, reloadSeconds: null });
    if (flags.json) printJson(json);
    else print(text);
    for (const line of damage.slice(0, MOST_WARNINGS)) notice(line);
    if (damage.length > MOST_WARNINGS) {
      notice(`and ${damage.length - MOST_WARNINGS} more, which the report names`);
    }
    return;
  }
  const end = new AbortController();
  await interruptible(
    () => end.abort(),
    () => watchReport({ ...options, signal: end.signal, onReport: print, onNotice: notice }),
  );
});

/** Compares tickets on this machine's GPU, on the examples that they were trained on. */
function connectWith(storage: DenoStorage, location: string | undefined): Connect {
  return async ({ settings }, tickets, levels, onFault) => {
    const { name } = settings.dataset;
    const dataset = choiceFor(name);
    const environment = dataset === "auto" || dataset === USUAL
      ? Deno.env.get("MNIST_LOCATION") || null
      : null;
    const data = await loadDataset({
      dataset,
      location: location ?? environment,
      storage,
      mnistSource: mnistPackage,
      mayDownload: false,
      onNotice: notice,
    });
    await ensureAdapter(task.name);
    const gpu = await openGpu();
    try {
      const onProgress = ({ done, all }: { done: number; all: number }) => {
        if (done % 10 === 0) {
          notice(`comparing tickets on ${gpu.adapter.name}: ${done} of ${all} pairs`);
        }
      };
      const options = { storage, gpu, data, tickets, levels };
      return await connectivityReport({ ...options, onProgress, onFault });
    } finally {
      gpu.destroy();
    }
  };
}
