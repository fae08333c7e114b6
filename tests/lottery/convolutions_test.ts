/** Lotteries of networks with convolutions: files, masks, controls, and that runs repeat. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { density } from "../../src/models/masks.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { readRecord } from "../../src/records/condition.ts";
import * as paths from "../../src/records/paths.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { findRunFolders } from "../../src/records/tree.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  assertRepeated,
  EXPERIMENT,
  IMAGES,
  readFiles,
  RememberingQueue,
  runSmallControls,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);
const folderOf = (level: number) => `${EXPERIMENT}/trial1/${level}/same_init`;

const CONVOLUTIONS: SmallOptions = {
  layers: parseHidden("conv3x3:4,pool,conv2x2v:5,6"),
  ...{ data: IMAGES, normalization: "standardize", levels: 2 },
};

async function lottery(options: SmallOptions = {}): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await runSmallLottery(storage, queue, { ...CONVOLUTIONS, ...options });
  return storage;
}

async function livesOf(storage: MemoryStorage, level: number): Promise<number[]> {
  const { layers } = density(await restoreNetwork(storage, paths.masks(folderOf(level))));
  return Object.values(layers).map(({ live }) => live);
}

Deno.test("kernels are saved in their own shape, pruned by a tenth, rewound, and repeated bit for bit", async () => {
  const storage = await lottery();
  const first = await restoreNetwork(storage, paths.initial(folderOf(0)));
  assertEquals(Object.values(first).map(({ shape }) => shape), [
    ...[[3, 3, 3, 4], [2, 2, 4, 5], [20, 6], [6, 3]],
  ]);
  const biases = await restoreNetwork(storage, paths.finalBiases(folderOf(0)));
  assertEquals(Object.values(biases).map(({ shape }) => shape), [[4], [5], [6], [3]]);
  // Of 108, 80, 120 and 18 weights: 10% of convolutions, 20% of dense layers, 10% of the output.
  assertEquals(await livesOf(storage, 1), [97, 72, 96, 16]);
  for (const level of [1, 2]) {
    const [masks, initial, final] = [
      await restoreNetwork(storage, paths.masks(folderOf(level))),
      await restoreNetwork(storage, paths.initial(folderOf(level))),
      await restoreNetwork(storage, paths.final(folderOf(level))),
    ];
    const before = await restoreNetwork(storage, paths.final(folderOf(level - 1)));
    const earlier = await restoreNetwork(storage, paths.masks(folderOf(level - 1)));
    for (const [name, { data: mask }] of Object.entries(masks)) {
      assertEquals(initial[name].data, first[name].data.map((w, i) => mask[i] === 0 ? 0 : w));
      assert(final[name].data.every((w, i) => mask[i] === 1 || w === 0));
      // Those that are pruned had the smallest magnitudes of the level before.
      const size = (live: number) =>
        [...before[name].data].filter((_, i) => earlier[name].data[i] === 1 && mask[i] === live)
          .map(Math.abs);
      assert(Math.max(...size(0)) <= Math.min(...size(1)), `${name} of level ${level}`);
    }
  }
  const { runs } = await findRunFolders(storage, EXPERIMENT);
  await assertRepeated(storage, queue, runs, IMAGES);
  const { studies, damage } = await readExperiments(storage, [EXPERIMENT]);
  assertEquals([studies.map(({ runs }) => runs.length), damage], [[4], []]);
});

Deno.test("a continued lottery has the same files, and controls train beside it", async () => {
  const whole = await lottery(), parts = await lottery({ levels: 1 });
  await parts.remove(`${EXPERIMENT}/trial1/1/reinit1`);
  await runSmallLottery(parts, queue, CONVOLUTIONS);
  assertEquals(await readFiles(parts, EXPERIMENT), await readFiles(whole, EXPERIMENT));
  const kinds = ["reinit", "reuse", "reuse_sign", "random_sparsity", "random_sparsity_same_init"];
  const folders = await runSmallControls(whole, queue, {
    kinds: kinds as "reinit"[],
    ...{ controlLevels: [2], data: IMAGES },
  });
  assertEquals(folders.length, kinds.length);
  await assertRepeated(whole, queue, folders, IMAGES);
});

Deno.test("every way to find a ticket: global, before training, rewound, kept, dynamic", async () => {
  const ways: SmallOptions[] = [
    { scope: "global" },
    { pruneAt: "init", criterion: "snip", scope: "global" },
    { pruneAt: "init", criterion: "grasp", scope: "global" },
    { pruneAt: "init", criterion: "synflow", scope: "global" },
    { pruneAt: "init", criterion: "erdos_renyi", scope: "global" },
    { rewind: { iterations: 8 } },
    { prunedWeights: "initial", survivors: "constant" },
    { dynamic: "rigl" },
    { dynamic: "gmp" },
  ];
  const usual = await livesOf(await lottery(), 2);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  for (const way of ways) {
    const storage = await lottery(way), what = JSON.stringify(way);
    const lives = await livesOf(storage, 2);
    if (way.scope === "global") assert(Math.abs(sum(lives) - sum(usual)) <= 2, what);
    else assertEquals(lives, usual, what);
    const { runs } = await findRunFolders(storage, EXPERIMENT);
    await assertRepeated(storage, queue, runs, IMAGES);
  }
});

Deno.test("lists of live weights: pruned, recorded, and repeated bit for bit by their record", async () => {
  const lists = new RememberingQueue(gpu, { kernels: "sparse" }), storage = new MemoryStorage();
  await runSmallLottery(storage, lists, CONVOLUTIONS);
  await lists.destroy();
  assertEquals(await livesOf(storage, 1), [97, 72, 96, 16]);
  const { runs } = await findRunFolders(storage, EXPERIMENT);
  for (const folder of runs) {
    assertEquals((await readRecord(storage, folder))?.kernels, "sparse");
    const masks = await restoreNetwork(storage, paths.masks(folder));
    const final = await restoreNetwork(storage, paths.final(folder));
    for (const [name, { data: mask }] of Object.entries(masks)) {
      assert(final[name].data.every((w, i) => mask[i] === 1 || w === 0));
    }
  }
  await assertRepeated(storage, queue, runs, IMAGES);
});

Deno.test("networks that do not fit the images are refused with the sizes", async () => {
  const cases: [string, string][] = [
    ["conv7x7v:4,6", "a kernel of 7×7 does not fit into its image of 6×6×3"],
    ["conv3x3:4,pool4,pool,6", "a size of 2×2 does not fit into its image of 1×1×4"],
  ];
  for (const [layers, message] of cases) {
    await assertRejects(() => lottery({ layers: parseHidden(layers) }), InputError, message);
  }
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
