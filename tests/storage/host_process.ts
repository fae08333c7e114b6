/**
 * A process on a host of its own, for tests: the system's locks do not reach it, and its clock is
 * wrong. Takes the lock of a folder, says "held", and counts in a file there until it has lost it.
 *
 * Arguments: folder, host, error of the clock (ms), beat and stale (ms).
 */

import { DenoStorage } from "../../src/storage/deno.ts";

const [folder, host, clockError, beat, stale] = Deno.args;

Deno.FsFile.prototype.tryLock = () => Promise.resolve(true);
const { now } = Date;
Date.now = () => now() + Number(clockError);

const storage = new DenoStorage({
  times: { beat: Number(beat), stale: Number(stale) },
  onLost: (error) => {
    console.log(`lost: ${error.message}`);
    Deno.exit(7);
  },
});
const since = new Date(now()).toISOString();
await storage.lock(`${folder}/.lock`, { pid: Deno.pid, host, since, command: "count" });
for (let count = 0;; count++) {
  if (count === 1) console.log("held");
  // A write that fails says what the lock does.
  await storage.write(`${folder}/count`, new TextEncoder().encode(`${count}`)).catch((error) => {
    console.log(`refused: ${error.message}`);
    Deno.exit(8);
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
}
