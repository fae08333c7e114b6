/** `deno task argfile`: prints the flags of many runs, one line each. */

import { argfileFlags, argfileLines } from "../src/commands/flags/argfile_flags.ts";
import { runTask } from "./lib/support.ts";
import { writeStdout } from "./lib/terminal.ts";

const task = {
  name: "argfile",
  summary: "Prints one line of flags per run: for a lottery one per trial, for its controls " +
    "(reinitialize) one per trial, level and run.",
  operands: ["lottery|reinitialize"],
  flags: argfileFlags,
  examples: [
    "deno task argfile lottery > lottery.txt",
    "deno task argfile reinitialize --protocol paper --experiment reinit,reuse --runs 1-3 > " +
    "controls.txt",
    "deno task argfile-runner reinitialize controls.txt",
  ],
};

/** Lines printed at a time. */
const CHUNK = 1000;

await runTask(task, (values, [kind]) => {
  const chunk: string[] = [];
  for (const line of argfileLines(kind, values)) {
    if (chunk.push(line) === CHUNK) show(chunk.splice(0));
  }
  show(chunk);
  return Promise.resolve();
});

/** Prints lines; a reader that goes away ends it. */
function show(lines: readonly string[]): void {
  if (lines.length > 0 && !writeStdout(`${lines.join("\n")}\n`)) Deno.exit(0);
}
