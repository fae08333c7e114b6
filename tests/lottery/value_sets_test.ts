/** The values that `reuse` and `reuse_sign` draw from, and the runs that they are of. */

import { assertEquals, assertMatch } from "@std/assert";
import { openTestGpu } from "../engine/gpu.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { provideValueSets } from "../../src/lottery/value_sets.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { EXPERIMENT, runSmallLottery } from "./small_lottery.ts";
import { parametersOf } from "../../src/models/parameters.ts";

Deno.test("values of runs that were replaced since are derived again, and the old ones kept", async () => {
  const gpu = await openTestGpu();
  const queue = new RunQueue(gpu);
  const storage = new MemoryStorage();
  const notices: string[] = [];
  const place = { storage, experimentPath: EXPERIMENT, experimentName: "same_init" };
  const layers = [[6, 5], [5, 3]].map(([inputs, units], i) => ({
    name: `layer${i}`,
    inputs,
    units,
    activation: i === 0 ? "relu" as const : null,
    useBias: true,
  }));
  const run = `${EXPERIMENT}/trial1/1/same_init`, sets = `${EXPERIMENT}/weights/1/initialization`;
  /** The live initial weights of the ticket, counted apart from the code that pools them. */
  const expected = async () => {
    const [initial, masks] = [
      await restoreNetwork(storage, `${run}/initial`),
      await restoreNetwork(storage, `${run}/masks`),
    ];
    return [...initial.layer0.data].filter((_, i) => masks.layer0.data[i] === 1);
  };
  try {
    for (const seed of [0, 1]) {
      await runSmallLottery(storage, queue, { seed, policy: { overwrite: true, resume: true } });
      await provideValueSets(place, 1, parametersOf(layers), (line) => notices.push(line));
      assertEquals([...(await restoreNetwork(storage, sets)).layer0.data], await expected());
    }
    await provideValueSets(place, 1, parametersOf(layers), (line) => notices.push(line));
  } finally {
    await queue.destroy();
    gpu.destroy();
  }
  assertEquals(notices.length, 1);
  assertMatch(
    notices[0],
    /initialization was derived from another run than .*trial1\/1\/same_init is now/,
  );
  assertMatch(notices[0], /kept in .*initialization.aside1$/);
});
