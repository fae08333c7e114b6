/** `deno task argfile`: prints the flags of many runs, one line each, for `deno task argfile-runner`. */

import { argfileFlags, argfileLines } from "../src/mnist_fc/argfile_flags.ts";
import { runTask } from "./support.ts";

const task = {
  name: "argfile",
  summary:
    "Prints one line of flags per run: of the lottery experiment one per trial, of its controls " +
    "(reinitialize) one per trial, level and run.",
  operands: ["lottery|reinitialize"],
  flags: argfileFlags,
  examples: [
    "deno task argfile lottery > lottery.txt",
    "deno task argfile reinitialize --protocol paper --experiment reinit,reuse --runs 1-3 > controls.txt",
    "deno task argfile-runner reinitialize controls.txt",
  ],
};

/** Lines are printed so many at a time. */
const CHUNK = 1000;

await runTask(task, async (values, [kind]) => {
  const chunk: string[] = [];
  for (const line of argfileLines(kind, values)) {
    if (chunk.push(line) === CHUNK) await print(chunk.splice(0));
  }
  await print(chunk);
});

/** Writes lines to stdout; a reader that goes away (`| head`) has read enough. */
async function print(lines: string[]): Promise<void> {
  if (lines.length === 0) return;
  try {
    const writer = Deno.stdout.writable.getWriter();
    await writer.write(new TextEncoder().encode(lines.join("\n") + "\n"));
    writer.releaseLock();
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}
