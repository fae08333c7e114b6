/** `deno task status`: how far an experiment has come, on all hosts, from its folder alone. */

import { LotteryError } from "../src/errors.ts";
import { boolean } from "../src/flags/kinds.ts";
import { statusOf, statusText, survey } from "../src/commands/status.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { liveOwners } from "./lib/lock_owners.ts";
import { notice, print, printJson, runTask } from "./lib/support.ts";

const task = {
  name: "status",
  summary:
    "Lists which runs of an experiment are done, running (on which host), waiting or failed, by " +
    "trial and level, and the time left. Only reads its folder.",
  operands: ["FOLDER"],
  flags: {
    allDone: boolean({ help: "exit with 1 unless every run is done, for scripts" }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: ["deno task status results/mnist-quick", "deno task status results/paper --json"],
};

await runTask(task, async (flags, [folder]) => {
  const root = folder.replace(/(.)\/+$/, "$1");
  const found = await survey(new DenoStorage(), root);
  const owners = await liveOwners(
    found.locked,
    (seconds) => notice(`listening to other hosts, at most ${Math.round(seconds)} seconds`),
  );
  const status = statusOf(found, owners);
  if (flags.json) printJson(status);
  else print(statusText(status));
  const left = status.runs.filter(({ state }) => state !== "done");
  const [fault] = status.faults;
  if (flags.allDone && fault) {
    throw new LotteryError(
      `${fault.path} ${fault.fault}: whether all runs are done cannot be said; correct that first`,
    );
  }
  if (flags.allDone && left.length > 0) {
    throw new LotteryError(
      `${left.length} of ${status.runs.length} runs are not done, the first: ${left[0].folder}; ` +
        "submit the same command again, which trains what is left",
    );
  }
});
