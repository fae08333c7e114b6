/**
 * Lotteries whose masks are made before training: their densities, starts, and that runs repeat.
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  INIT_CRITERION_NAMES,
  type InitCriterionName,
  masksAtInit,
} from "../../src/foundations/pruning/init_criteria.ts";
import { InputError } from "../../src/errors.ts";
import { lossGradients } from "../../src/foundations/pruning/gradients.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import { runKey } from "../../src/foundations/seeds.ts";
import { density } from "../../src/models/masks.ts";
import * as paths from "../../src/records/paths.ts";
import { readReplaySource } from "../../src/runs/replay.ts";
import { datasetOf, modelOf } from "../../src/runs/from_config.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  assertRepeated,
  DATA,
  EXPERIMENT,
  readFiles,
  RememberingQueue,
  runSmallControls,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);
const folderOf = (level: number) => `${EXPERIMENT}/trial1/${level}/same_init`;
const LEVELS = [0, 1, 2, 3];

async function lottery(options: SmallOptions): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await runSmallLottery(storage, queue, { levels: 3, ...options });
  return storage;
}

const atInit = (criterion: InitCriterionName): SmallOptions => ({
  ...{ pruneAt: "init", criterion, scope: "global" },
});

async function livesOf(storage: MemoryStorage): Promise<number[][]> {
  return await Promise.all(LEVELS.map(async (level) => {
    const { layers } = density(await restoreNetwork(storage, paths.masks(folderOf(level))));
    return Object.values(layers).map(({ live }) => live);
  }));
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

Deno.test("every criterion: the densities of the usual levels, one initialization, and runs that repeat", async () => {
  const usual = await livesOf(await lottery({}));
  for (const criterion of INIT_CRITERION_NAMES) {
    const storage = await lottery(atInit(criterion));
    assertEquals((await livesOf(storage)).map(sum), usual.map(sum), criterion);
    assertEquals(
      await livesOf(await lottery({ ...atInit(criterion), scope: "layer" })),
      criterion === "erdos_renyi" ? await livesOf(storage) : usual,
      criterion,
    );
    const full = await restoreNetwork(storage, paths.initial(folderOf(0)));
    for (const level of LEVELS) {
      const masks = await restoreNetwork(storage, paths.masks(folderOf(level)));
      const initial = await restoreNetwork(storage, paths.initial(folderOf(level)));
      for (const name of Object.keys(full)) {
        const expected = full[name].data.map((w, i) => masks[name].data[i] === 0 ? 0 : w);
        assertEquals(initial[name].data, expected);
      }
    }
    await assertRepeated(storage, queue, LEVELS.map(folderOf));
  }
});

Deno.test("the masks are those of the library's function, with the lottery's batches and keys", async () => {
  const storage = await lottery(atInit("snip"));
  const { config } = await readReplaySource(storage, folderOf(0));
  assertEquals(config.pruning, {
    ...{ criterion: "snip", scope: "global", percents: { layer0: 0.2, layer1: 0.1 } },
    ...{ oneShot: false, at: "init", scoreBatches: 2 },
  });
  const live = { layer0: 24, layer1: 14 }; // round(0.8 · 30), 15 - round(0.1 · 15)
  const [masks] = await masksAtInit(
    {
      gpu,
      model: modelOf(config, {}),
      dataset: datasetOf(config, DATA.sets),
      scores: { batches: 2, batchSize: 8 },
      keyFor: (layer) => runKey({ seed: 0, purpose: "scores", trial: 1, layer }),
    },
    "snip",
    [{ scope: "global", live: { ...live, layer1: 13 } }],
  );
  const found = await restoreNetwork(storage, paths.masks(folderOf(1)));
  assertEquals(found.layer0.data, masks.layer0.data);
  assertEquals(found.layer1.data, masks.layer1.data);
});

Deno.test("trials have masks of their own; a continued lottery has the same", async () => {
  const storage = await lottery({ ...atInit("random"), trials: [1, 2] });
  const [one, two] = await Promise.all(
    [1, 2].map((trial) => restoreNetwork(storage, `${EXPERIMENT}/trial${trial}/3/same_init/masks`)),
  );
  assertNotEquals(one.layer0.data, two.layer0.data);
  const parts = new MemoryStorage();
  await runSmallLottery(parts, queue, { levels: 1, ...atInit("random") });
  await runSmallLottery(parts, queue, { levels: 3, ...atInit("random") });
  const whole = await lottery(atInit("random"));
  for (const level of LEVELS) {
    assertEquals(await readFiles(parts, folderOf(level)), await readFiles(whole, folderOf(level)));
  }
});

Deno.test("a lottery rewound to iteration 8 is pruned there, before level 0 continues", async () => {
  const storage = await lottery({ ...atInit("magnitude"), rewind: { iterations: 8 } });
  const at = await restoreNetwork(storage, `${EXPERIMENT}/trial1/0/rewind_point/final`);
  const masks = await restoreNetwork(storage, paths.masks(folderOf(3)));
  const sizes = (live: number) =>
    Object.keys(at).flatMap((name) =>
      [...at[name].data].filter((_, i) => masks[name].data[i] === live).map(Math.abs)
    );
  // One weight of each layer stays, however small; the others are sorted.
  assert(sizes(1).sort().slice(2).every((kept) => sizes(0).every((gone) => gone <= kept)));
  await assertRepeated(storage, queue, LEVELS.map(folderOf));
});

Deno.test("the checks of pruning at initialization: masks shuffled within layers, weights drawn anew", async () => {
  const storage = await lottery(atInit("snip"));
  const kinds = ["reinit", "random_sparsity_same_init"] as const;
  const folders = await runSmallControls(storage, queue, { kinds, controlLevels: [2] });
  await assertRepeated(storage, queue, folders);
  const lives = await livesOf(storage);
  for (const folder of folders) {
    const { layers } = density(await restoreNetwork(storage, paths.masks(folder)));
    assertEquals(Object.values(layers).map(({ live }) => live), lives[2]);
  }
});

/** Level 2's masks by a plain sort of negated |weight · gradient|, the first of equals going. */
async function invertedBySorting(storage: MemoryStorage, scope: "layer" | "global") {
  const { config } = await readReplaySource(storage, folderOf(0));
  const [presets, presetBiases] = await Promise.all(
    [paths.initial, paths.initialBiases].map((part) => restoreNetwork(storage, part(folderOf(0)))),
  );
  const model = modelOf(config, { presets, presetBiases });
  const batches = { batches: 2, batchSize: 8 };
  const gradients = await lossGradients(gpu, model, datasetOf(config, DATA.sets), batches);
  const all = ["layer0", "layer1"].flatMap((name) =>
    [...model.weights[name].data].map((w, i) => ({
      ...{ name, i, score: -Math.abs(w * gradients[name].data[i]) },
    }))
  );
  const counts = { layer0: 19, layer1: 12 }; // 30 − 6 − 5, 15 − 2 − 1
  const groups = scope === "global"
    ? [{ members: all, keep: 31 }]
    : Object.entries(counts).map(([layer, keep]) => ({
      ...{ members: all.filter(({ name }) => name === layer), keep },
    }));
  const kept = groups.flatMap(({ members, keep }) =>
    members.map((member, at) => ({ ...member, at }))
      .sort((a, b) => a.score - b.score || a.at - b.at).slice(members.length - keep)
  );
  return (name: string, i: number) => kept.some((one) => one.name === name && one.i === i) ? 1 : 0;
}

Deno.test("inverted scores: as many weights, those with the smallest scores; runs that repeat", async () => {
  const rewound = { rewind: { iterations: 8 } };
  for (const [scope, more] of [["global", {}], ["layer", {}], ["global", rewound]] as const) {
    const storage = await lottery({ ...atInit("snip"), scope, ...more });
    const given = { kinds: ["inverted"], controlLevels: [0, 2, 3] } as const;
    const folders = await runSmallControls(storage, queue, {
      ...{ kinds: given.kinds, controlLevels: [...given.controlLevels] },
    });
    assertEquals(folders.map((folder) => folder.slice(-11)), [
      ...["0/inverted2", "2/inverted2", "3/inverted2"],
    ]);
    await assertRepeated(storage, queue, folders);
    const lives = await livesOf(storage), isLive = await invertedBySorting(storage, scope);
    const full = await restoreNetwork(storage, paths.initial(folderOf(0)));
    for (const [i, level] of given.controlLevels.entries()) {
      const masks = await restoreNetwork(storage, paths.masks(folders[i]));
      const found = Object.values(density(masks).layers).map(({ live }) => live);
      assertEquals(sum(found), sum(lives[level]));
      if (scope === "layer") assertEquals(found, lives[level]);
      const initial = await restoreNetwork(storage, paths.initial(folders[i]));
      for (const [name, { data }] of Object.entries(masks)) {
        if (level === 2) assertEquals([...data], [...data].map((_, i) => isLive(name, i)));
        const expected = full[name].data.map((w, i) => data[i] === 0 ? 0 : w);
        assertEquals(initial[name].data, expected);
      }
    }
    // A study of its own lottery, whatever layers keep.
    const { studies } = await readExperiments(storage, [EXPERIMENT]);
    assertEquals(studies.length, 1);
    assertEquals(studies[0].runs.filter(({ kind }) => kind === "inverted").length, 3);
  }
});

Deno.test("inverted scores: every criterion; not those of trained weights", async () => {
  for (const criterion of INIT_CRITERION_NAMES) {
    const storage = await lottery(atInit(criterion));
    const folders = await runSmallControls(storage, queue, {
      ...{ kinds: ["inverted"], controlLevels: [3] },
    });
    const { live } = density(await restoreNetwork(storage, paths.masks(folders[0])));
    assertEquals(live, sum((await livesOf(storage))[3]), criterion);
    await assertRepeated(storage, queue, folders);
  }
  const trained = await lottery({});
  await assertRejects(
    () => runSmallControls(trained, queue, { kinds: ["inverted"] }),
    InputError,
    `${
      folderOf(0)
    } belongs to a lottery that scores trained weights, and inverted scores are those of `,
  );
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
