/** What a level's survivors start from, as the files of a lottery have it; and that runs repeat. */

import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import * as paths from "../../src/records/paths.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { firstError, runJobs } from "../../src/runs/job.ts";
import { openReplays, readReplaySource } from "../../src/runs/replay.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  DATA,
  EXPERIMENT,
  readFiles,
  RememberingQueue,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);

const folderOf = (level: number) => `${EXPERIMENT}/trial1/${level}/same_init`;

/** A lottery of three levels with such a start; repeats its runs and compares every bit. */
async function lottery(options: SmallOptions) {
  const storage = new MemoryStorage();
  await runSmallLottery(storage, queue, { levels: 2, ...options });
  const sources = await Promise.all([0, 1, 2].map((l) => readReplaySource(storage, folderOf(l))));
  const job = await openReplays({ storage, queue, data: DATA, sources });
  const [errors] = await runJobs(queue, [job]);
  if (errors.length > 0) throw firstError(errors);
  assertEquals(job.results.flatMap(({ different }) => different), []);
  const read = async (level: number, part: (run: string) => string) =>
    await restoreNetwork(storage, part(folderOf(level)));
  return { storage, read };
}

Deno.test("rewind final: each level starts from the weights and biases that the one before ended with", async () => {
  const { read } = await lottery({ rewind: "final" });
  for (const level of [1, 2]) {
    const [initial, masks] = [await read(level, paths.initial), await read(level, paths.masks)];
    const before = await read(level - 1, paths.final);
    for (const name of Object.keys(initial)) {
      const expected = before[name].data.map((w, i) => w * masks[name].data[i] + 0);
      assertEquals(initial[name].data.map((w) => w + 0), expected);
    }
    assertEquals(await read(level, paths.initialBiases), await read(level - 1, paths.finalBiases));
  }
});

Deno.test("mask-1: survivors are reshuffled, constant with their sign, or drawn anew", async () => {
  const live = (data: Float32Array, mask: Float32Array) =>
    [...data].filter((_, i) => mask[i] === 1);
  for (const survivors of ["reshuffle", "constant", "random"] as const) {
    const { read } = await lottery({ survivors });
    const first = await read(0, paths.initial);
    for (const level of [1, 2]) {
      const [initial, masks] = [await read(level, paths.initial), await read(level, paths.masks)];
      for (const name of Object.keys(initial)) {
        const mask = masks[name].data, values = live(initial[name].data, mask);
        const own = live(first[name].data, mask);
        assertNotEquals(values, own, `${survivors} ${name}`);
        if (survivors === "reshuffle") {
          assertEquals(values.toSorted((a, b) => a - b), own.toSorted((a, b) => a - b));
        } else if (survivors === "constant") {
          // NumPy's std of the layer: the root of the mean squared distance from the mean.
          const all = [...first[name].data], mean = all.reduce((a, b) => a + b) / all.length;
          const std = Math.sqrt(all.reduce((sum, w) => sum + (w - mean) ** 2, 0) / all.length);
          values.forEach((value, i) => {
            assertAlmostEquals(value, Math.sign(own[i]) * std, 1e-6);
          });
        } else {
          assert(values.every((value) => !own.includes(value)));
        }
      }
    }
  }
});

Deno.test("a lottery with other survivors, continued, has the files of one that was not interrupted", async () => {
  const whole = (await lottery({ survivors: "reshuffle" })).storage;
  const parts = new MemoryStorage();
  await runSmallLottery(parts, queue, { levels: 1, survivors: "reshuffle" });
  await runSmallLottery(parts, queue, { levels: 2, survivors: "reshuffle" });
  for (const level of [0, 1, 2]) {
    const [expected, found] = [
      await readFiles(whole, folderOf(level)),
      await readFiles(parts, folderOf(level)),
    ];
    assertEquals(found, expected);
  }
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
