/** `deno task verify`: finds damaged files in an experiment; repeats runs and compares bits. */

import { LotteryError } from "../src/errors.ts";
import { boolean } from "../src/mnist_fc/flag_kinds.ts";
import { describeReplay, readReplaySource, Replays } from "../src/mnist_fc/replay.ts";
import { loadExamples } from "../src/mnist_fc/runners/runner.ts";
import { runFlags } from "../src/mnist_fc/run_flags.ts";
import { firstError } from "../src/mnist_fc/job.ts";
import type { DatasetChoice } from "../src/mnist_fc/load_dataset.ts";
import { type CheckedRun, verify } from "../src/mnist_fc/verify.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { openLaboratory } from "./laboratory.ts";
import { runTask, type TaskValues } from "./support.ts";

const task = {
  name: "verify",
  summary:
    "Compares every file of the runs under a folder (an experiment, a trial, a run) with the SHA-256 in " +
    "their run.json. With --replay it trains them once more and compares bits.",
  operands: ["FOLDER"],
  flags: {
    replay: boolean({ help: "repeat each finished run from its run.json and compare every file" }),
    mnistLocation: { ...runFlags.mnistLocation, group: "Flags" },
    replicas: { ...runFlags.replicas, group: "Flags" },
    json: boolean({ help: "print what was found as one JSON document" }),
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
    console.log(JSON.stringify({ runs, faults, asides, ...(replays && { replays }) }, null, 2));
  } else {
    for (const run of damaged) {
      for (const { path, fault } of run.faults) console.log(`${run.folder}  ${path} ${fault}`);
    }
    for (const { path, fault } of faults) console.log(`${path} ${fault}`);
    for (const { folder, faults } of asides) {
      const why = faults.map(({ path, fault }) => `; ${path} ${fault}`).join("");
      console.log(`${folder}  is kept aside and no part of the experiment any more${why}`);
    }
    for (const { folder } of unfinished) console.log(`${folder}  is not finished`);
    for (const result of replays ?? []) console.log(describeReplay(result));
    console.log(
      `${runs.length} runs: ${finished.length} whole, ${damaged.length} damaged, ` +
        `${unfinished.length} unfinished`,
    );
  }
  if (allFaults.length > 0) {
    const [{ path, fault }] = allFaults;
    const files = allFaults.length;
    throw new LotteryError(
      `${files === 1 ? "a file is" : `${files} files are`} damaged: ${path} ${fault}; run the ` +
        "command that made it again, which moves what is damaged aside and makes it anew",
    );
  }
  const differing = replays?.filter(({ different }) => different.length > 0) ?? [];
  if (differing.length > 0) {
    throw new LotteryError(
      `${differing.length} of ${replays!.length} runs came out differently: ` +
        `${differing[0].different[0]}`,
    );
  }
});

async function replay(finished: readonly CheckedRun[], flags: TaskValues<typeof task.flags>) {
  const laboratory = await openLaboratory(task.name, {
    ...flags,
    checkpointInterval: { seconds: Infinity },
  });
  try {
    const { context } = laboratory;
    const { storage, queue } = context;
    const sources = [];
    for (const { folder } of finished) sources.push(await readReplaySource(storage, folder));
    if (sources.length === 0) throw new LotteryError("no run is finished: there is none to repeat");
    const { dataset: { name } } = sources[0].config;
    const choice = name === "custom" ? "auto" : name as DatasetChoice;
    const data = await loadExamples(context, choice, flags.mnistLocation);
    const onStart = () => context.onStage("replay", null);
    const job = await Replays.open({ storage, queue, data, sources, onStart });
    const [errors] = await laboratory.run([job], []);
    if (errors.length > 0) throw firstError(errors);
    return job.results.toSorted((a, b) => a.folder < b.folder ? -1 : 1);
  } finally {
    await laboratory.close();
  }
}
