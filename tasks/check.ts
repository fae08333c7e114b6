/** `deno task check`: format, lint and type-checks, those against browser libraries too. */
import { LotteryError } from "../src/errors.ts";
import { runChecks } from "./lib/checks.ts";
import { runTask } from "./lib/support.ts";

const task = {
  name: "check",
  summary: "Checks formatting, lint, and types against Deno's and the browser's libraries.",
  flags: {},
  examples: ["deno task check"],
};

await runTask(task, async () => {
  const { failed } = await runChecks();
  if (failed > 0) throw new LotteryError(`${failed} of the checks failed; see above`);
});
