/** `deno task verify`: finds damaged files in an experiment; repeats runs and compares bits. */

import { count } from "../src/words.ts";
import { LotteryError } from "../src/errors.ts";
import { boolean } from "../src/flags/kinds.ts";
import { describeReplay, openReplays, readReplaySource } from "../src/runs/replay.ts";
import { loadExamples } from "../src/commands/runner.ts";
import { runFlags } from "../src/commands/flags/run_flags.ts";
import { firstError } from "../src/runs/job.ts";
import { type CheckedRun, verify } from "../src/runs/verify.ts";
import type { FileFault } from "../src/records/record.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { openLaboratory } from "./lib/laboratory.ts";
import { print, printJson, runTask, type TaskValues } from "./lib/support.ts";
import { onOneLine } from "./lib/terminal.ts";
import { choiceFor } from "../src/datasets/datasets.ts";

const task = {
  name: "verify",
  summary:
    "Compares every file of the runs under a folder (an experiment, a trial, a run) with the " +
    "SHA-256 in their run.json. --replay also trains them again and compares bits.",
  operands: ["FOLDER"],
  flags: {
    replay: boolean({ help: "repeat each finished run from its run.json and compare every file" }),
    mnistLocation: { ...runFlags.mnistLocation, group: "Flags" },
    replicas: { ...runFlags.replicas, group: "Flags" },
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: [
    "deno task verify results/mnist-quick",
    "deno task verify results/mnist-quick/trial1/10/same_init --replay",
  ],
};

await runTask(task, async (flags, [root]) => {
  const { runs, faults, asides } = await verify(new DenoStorage(), root);
  const damaged = runs.filter(({ state }) => state === "damaged");
  const unfinished = runs.filter(({ state }) => state === "unfinished");
  const finished = runs.filter(({ state }) => state === "finished");
  const allFaults = [...damaged.flatMap((run) => run.faults), ...faults];
  const replays = flags.replay && allFaults.length === 0 ? await replay(finished, flags) : null;
  if (flags.json) {
    printJson({ runs, faults, asides, ...(replays && { replays }) });
  } else {
    const lines = [
      ...damaged.flatMap(({ folder, faults }) =>
        faults.map((fault) => `${folder}  ${text(fault)}`)
      ),
      ...faults.map(text),
      ...asides.map(({ folder, faults }) =>
        [`${folder}  is kept aside, no part of the experiment any more`, ...faults.map(text)].join(
          "; ",
        )
      ),
      ...unfinished.map(({ folder }) => `${folder}  is not finished`),
      ...(replays ?? []).map(describeReplay),
      `${count(runs.length, "run")}: ${finished.length} whole, ${damaged.length} damaged, ` +
      `${unfinished.length} unfinished`,
    ];
    print(lines.map(onOneLine).join("\n"));
  }
  if (allFaults.length > 0) {
    const [{ path, fault }] = allFaults;
    const files = allFaults.length;
    throw new LotteryError(
      `${files === 1 ? "a file is" : `${files} files are`} damaged: ${path} ${fault}; run the ` +
        "command that made it again, which moves damaged runs aside and repeats them",
    );
  }
  const differing = replays?.filter(({ different }) => different.length > 0) ?? [];
  if (differing.length > 0) {
    throw new LotteryError(
      `${differing.length} of ${replays!.length} runs came out differently, the first file: ` +
        `${differing[0].different[0]}; compare the adapters in run.json`,
    );
  }
});

function text({ path, fault }: FileFault): string {
  return `${path} ${fault}`;
}

async function replay(finished: readonly CheckedRun[], flags: TaskValues<typeof task.flags>) {
  const laboratory = await openLaboratory(task.name, {
    ...flags,
    checkpointInterval: { seconds: Infinity },
    mayDownload: false,
  });
  try {
    const { context } = laboratory;
    const { storage, queue } = context;
    const sources = [];
    for (const { folder } of finished) sources.push(await readReplaySource(storage, folder));
    if (sources.length === 0) {
      throw new LotteryError(
        "no run is finished, so there is none to repeat; finish the experiment first",
      );
    }
    const { dataset: { name } } = sources[0].config;
    const choice = choiceFor(name);
    const data = await loadExamples(context, choice, flags.mnistLocation);
    const onStart = () => context.events.onStage("replay", null);
    const job = await openReplays({ storage, queue, data, sources, onStart });
    const [errors] = await laboratory.run([job], []);
    if (errors.length > 0) throw firstError(errors);
    return job.results.toSorted((a, b) => a.folder < b.folder ? -1 : 1);
  } finally {
    await laboratory.close();
  }
}
