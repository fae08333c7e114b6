/** `deno task report`: figures, claims and the anatomy of tickets, from the files of finished experiments. */

import { UsageError } from "../src/errors.ts";
import { boolean, path } from "../src/mnist_fc/flag_kinds.ts";
import { numbers } from "../src/mnist_fc/flag_lists.ts";
import { writeReport } from "../src/mnist_fc/report.ts";
import { CURVE_PERCENTS } from "../src/mnist_fc/study_report.ts";
import { watchReport } from "../src/mnist_fc/watch_report.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { interruptible, notice, runTask } from "./support.ts";

const task = {
  name: "report",
  summary:
    "Writes a page with the paper's figures and claims and the anatomy of the tickets, from the finished " +
    "runs of one experiment or of several (an experiment, its one-shot twin, other seeds).",
  operands: ["EXPERIMENT", "[EXPERIMENT…]"],
  flags: {
    outputDir: path({
      help: "folder of the report",
      defaultText: "report in the first experiment",
    }),
    percents: numbers({
      help: "weights remaining of the curves, in percent; of each the nearest level",
      default: CURVE_PERCENTS,
      min: 0.01,
      max: 100,
    }),
    watch: boolean({ help: "write it again whenever a run is finished, until ctrl-C" }),
    json: boolean({ help: "print what was found as one JSON document" }),
  },
  examples: [
    "deno task report results/mnist-quick",
    "deno task report results/mnist-paper results/mnist-paper-one-shot --output-dir report",
    "deno task report results/mnist-paper --watch",
  ],
};

await runTask(task, async (flags, roots) => {
  if (flags.watch && flags.json) {
    throw new UsageError("--watch and --json exclude each other; give one of them");
  }
  const options = {
    storage: new DenoStorage(),
    roots,
    output: flags.outputDir ?? `${roots[0].replace(/(.)\/+$/, "$1")}/report`,
    percents: flags.percents,
  };
  if (!flags.watch) {
    const { text, json } = await writeReport({ ...options, reloadSeconds: null });
    console.log(flags.json ? JSON.stringify(json, null, 2) : text);
    return;
  }
  const end = new AbortController();
  await interruptible(
    () => end.abort(),
    () => watchReport({ ...options, signal: end.signal, onReport: console.log, onNotice: notice }),
  );
});
