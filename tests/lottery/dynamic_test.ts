/** Lotteries whose masks change within each level: densities, histories, and that runs repeat. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { DYNAMIC_NAMES, type DynamicName } from "../../src/foundations/pruning/dynamic.ts";
import { density } from "../../src/models/masks.ts";
import * as paths from "../../src/records/paths.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { findRunFolders } from "../../src/records/tree.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  assertRepeated,
  EXPERIMENT,
  readFiles,
  RememberingQueue,
  runSmallControls,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);
const folderOf = (level: number) => `${EXPERIMENT}/trial1/${level}/same_init`;

async function lottery(options: SmallOptions): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await runSmallLottery(storage, queue, { levels: 2, ...options });
  return storage;
}

async function livesOf(storage: MemoryStorage, folder: string): Promise<number[]> {
  const { layers } = density(await restoreNetwork(storage, folder));
  return Object.values(layers).map(({ live }) => live);
}

Deno.test("each level ends with the usual density, and all start from one initialization", async () => {
  const usual = await lottery({});
  const full = await restoreNetwork(usual, paths.initial(folderOf(0)));
  for (const dynamic of DYNAMIC_NAMES) {
    const storage = await lottery({ dynamic });
    // The full network, and its random numbers, are those of every lottery.
    assertEquals(
      await restoreNetwork(storage, paths.final(folderOf(0))),
      await restoreNetwork(usual, paths.final(folderOf(0))),
    );
    for (const level of [1, 2]) {
      const folder = folderOf(level), ends = await livesOf(storage, paths.masks(folder));
      assertEquals(ends, await livesOf(usual, paths.masks(folder)), dynamic);
      const times = (await storage.list(paths.maskHistory(folder))).map(({ name }) => Number(name));
      times.sort((a, b) => a - b);
      // Every 4 of 20 iterations: gmp up to ¾ of them, rigl before that, set before the end.
      const expected: Record<DynamicName, number[]> = {
        gmp: [0, 4, 8, 12],
        set: [0, 4, 8, 12, 16],
        rigl: [0, 4, 8, 12],
      };
      assertEquals(times, expected[dynamic]);
      const starts = await restoreNetwork(storage, paths.maskStep(folder, 0));
      const initial = await restoreNetwork(storage, paths.initial(folder));
      for (const name of Object.keys(full)) {
        const start = starts[name].data;
        assertEquals(
          initial[name].data,
          full[name].data.map((w, i) => start[i] === 0 ? 0 : w),
        );
        const final = (await restoreNetwork(storage, paths.final(folder)))[name].data;
        const mask = (await restoreNetwork(storage, paths.masks(folder)))[name].data;
        assert(final.every((w, i) => mask[i] === 1 || w === 0));
      }
    }
    const { runs } = await findRunFolders(storage, EXPERIMENT);
    await assertRepeated(storage, queue, runs);
    const { studies, damage } = await readExperiments(storage, [EXPERIMENT]);
    assertEquals([studies.length, studies[0].runs.length, damage], [1, 4, []]);
  }
});

Deno.test("a rewind point, which no level would start from, is refused before training", async () => {
  const storage = new MemoryStorage();
  for (const rewind of ["final", { iterations: 5 }] as const) {
    await assertRejects(
      () => runSmallLottery(storage, queue, { dynamic: "rigl", rewind }),
      InputError,
      "leave out presets, masks and rewinding",
    );
  }
  assertEquals(await storage.exists(EXPERIMENT), false);
});

Deno.test("a continued lottery has the same files; its controls have the final masks", async () => {
  const whole = await lottery({ dynamic: "rigl" }), parts = new MemoryStorage();
  await runSmallLottery(parts, queue, { levels: 1, dynamic: "rigl" });
  await parts.remove(`${EXPERIMENT}/trial1/1/reinit1`);
  await runSmallLottery(parts, queue, { levels: 2, dynamic: "rigl" });
  assertEquals(await readFiles(parts, EXPERIMENT), await readFiles(whole, EXPERIMENT));
  const kinds = ["reinit", "random_sparsity_same_init"] as const;
  const folders = await runSmallControls(whole, queue, { kinds, controlLevels: [2] });
  await assertRepeated(whole, queue, folders);
  assertEquals(
    await restoreNetwork(whole, paths.masks(folders[0])),
    await restoreNetwork(whole, paths.masks(folderOf(2))),
  );
});

Deno.test("grown weights have no initial values to draw from", async () => {
  const storage = await lottery({ dynamic: "rigl" });
  await assertRejects(
    () => runSmallControls(storage, queue, { kinds: ["reuse"], controlLevels: [2] }),
    InputError,
    "has weights that rigl grew in training, without initial values for reuse to draw from",
  );
});

Deno.test("levels that no rule can reach are refused before anything is trained", async () => {
  const storage = new MemoryStorage();
  await assertRejects(
    () => runSmallLottery(storage, queue, { dynamic: "set", iterationsPerLevel: 3 }),
    InputError,
    "an interval of 4 leaves set no update in a run of 3 iterations",
  );
  assertEquals(await storage.exists(EXPERIMENT), false);
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
