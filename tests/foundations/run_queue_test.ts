/** The queue's order of work; that replicas train as single runs do is tested in tests/engine. */

import { assert, assertEquals } from "@std/assert";
import type { Gpu } from "../../src/engine/mod.ts";
import { DeviceLostError, InputError } from "../../src/errors.ts";
import { RunQueue } from "../../src/foundations/run_queue.ts";

/** A queue that never trains. */
const idleQueue = () => new RunQueue({} as Gpu);

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("settle: results in order, at most so many at once, failures beside the others", async () => {
  let running = 0, most = 0;
  const experiments = Array.from({ length: 7 }, (_, i) => async () => {
    most = Math.max(most, ++running);
    for (let n = 0; n < 7 - i; n++) await pause();
    running--;
    if (i === 2) throw new InputError("the third");
    return i;
  });
  const results = await idleQueue().settle(experiments, 3);
  assertEquals(most, 3);
  assertEquals(
    results.map((result) => result.status === "fulfilled" ? result.value : result.reason.message),
    [0, 1, "the third", 3, 4, 5, 6],
  );
});

Deno.test("settle: after the device is lost nothing more begins", async () => {
  const begun: number[] = [];
  const experiments = Array.from({ length: 6 }, (_, i) => async () => {
    begun.push(i);
    await pause();
    if (i === 1) throw new DeviceLostError("lost");
    await pause();
  });
  const results = await idleQueue().settle(experiments, 2);
  assertEquals(begun, [0, 1]);
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    ...Array.from({ length: 5 }, () => "rejected"),
  ]);
  assert(
    results.slice(1).every((result) => (result as PromiseRejectedResult).reason.message === "lost"),
  );
});

Deno.test("settle: nothing to do", async () => {
  assertEquals(await idleQueue().settle([]), []);
});
