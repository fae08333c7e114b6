/**
 * Kept scores: the next level's masks follow from them alone, and nothing else of a lottery
 * changes.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FormatError, InputError } from "../../src/errors.ts";
import { decodeNpy, encodeNpy } from "../../src/formats/npy.ts";
import { restoreScores } from "../../src/records/experiments/kept_scores.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { findRunFolders } from "../../src/records/tree.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  EXPERIMENT,
  readFiles,
  RememberingQueue,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);
const TRIAL = `${EXPERIMENT}/trial1`, LAYERS = ["layer0", "layer1"];

async function lottery(options: SmallOptions, storage = new MemoryStorage()) {
  await runSmallLottery(storage, queue, { levels: 3, keepScores: true, ...options });
  return storage;
}

/** Names of the levels with scores. */
async function keptLevels(storage: MemoryStorage, name = "scores"): Promise<number[]> {
  const levels = [...(await readFiles(storage, TRIAL)).keys()]
    .map((path) => path.slice(TRIAL.length + 1).split("/"))
    .filter(([, folder, file]) => folder === name && file === "layer0.npy");
  return levels.map(([level]) => Number(level)).sort();
}

interface Candidate {
  layer: string;
  index: number;
  score: number;
}

/**
 * The masks after pruning, by a plain sort of live weights with ties by layer and lowest index; in
 * the end of the order, each layer's last weight is kept.
 *
 * @param counts weights that go, by layer; of all together with scope global
 */
async function masksByScores(
  storage: MemoryStorage,
  level: number,
  counts: Record<string, number>,
  isGlobal: boolean,
): Promise<Record<string, number[]>> {
  const masks: Record<string, number[]> = {}, all: Candidate[] = [];
  for (const layer of LAYERS) {
    const mask = await storage.read(`${TRIAL}/${level}/same_init/masks/${layer}.npy`);
    masks[layer] = Array.from(decodeNpy(mask, layer).data);
    const { data, dtype, shape } = decodeNpy(
      await storage.read(`${TRIAL}/${level}/scores/${layer}.npy`),
      layer,
    );
    assertEquals([dtype, shape], ["<f4", layer === "layer0" ? [6, 5] : [5, 3]]);
    const live = Array.from(data, (score, index) => ({ layer, index, score }))
      .filter(({ index }) => masks[layer][index] === 1);
    live.sort((a, b) => a.score < b.score ? -1 : a.score > b.score ? 1 : a.index - b.index);
    live.pop();
    all.push(...live);
  }
  if (isGlobal) {
    all.sort((a, b) => a.score < b.score ? -1 : a.score > b.score ? 1 : a.layer < b.layer ? -1 : 1);
    const total = Object.values(counts).reduce((a, b) => a + b, 0);
    for (const { layer, index } of all.slice(0, total)) masks[layer][index] = 0;
  } else {
    for (const layer of LAYERS) {
      const own = all.filter((candidate) => candidate.layer === layer);
      for (const { index } of own.slice(0, counts[layer])) masks[layer][index] = 0;
    }
  }
  return masks;
}

async function checkMasks(
  storage: MemoryStorage,
  from: number,
  to: number,
  counts: Record<string, number>,
  isGlobal: boolean,
): Promise<void> {
  const expected = await masksByScores(storage, from, counts, isGlobal);
  const found = await restoreNetwork(storage, `${TRIAL}/${to}/same_init/masks`);
  for (const layer of LAYERS) assertEquals([...found[layer].data], expected[layer]);
}

async function liveOf(storage: MemoryStorage, level: number): Promise<Record<string, number>> {
  const masks = await restoreNetwork(storage, `${TRIAL}/${level}/same_init/masks`);
  return Object.fromEntries(
    LAYERS.map((layer) => [layer, masks[layer].data.reduce((sum, bit) => sum + bit, 0)]),
  );
}

const CASES: SmallOptions[] = [
  { criterion: "magnitude" },
  { criterion: "magnitude", scope: "global" },
  { criterion: "movement", survivors: "constant" },
  { criterion: "large_final_same_sign", learningRate: 0.3 },
  { criterion: "magnitude_increase_same_sign", learningRate: 0.3, scope: "global" },
];

for (const options of CASES) {
  const isGlobal = options.scope === "global";
  const title = `${options.criterion}, ${options.scope ?? "layer"}`;
  Deno.test(`${title}: each level's masks follow from the scores kept in the level before`, async () => {
    const storage = await lottery(options);
    assertEquals(await keptLevels(storage), [0, 1, 2]);
    let infinite = 0;
    for (const level of [0, 1, 2]) {
      const live = await liveOf(storage, level);
      const counts = {
        layer0: Math.round(0.2 * live.layer0),
        layer1: Math.round(0.1 * live.layer1),
      };
      await checkMasks(storage, level, level + 1, counts, isGlobal);
      const parameters = [{ name: "layer0", shape: [6, 5], rows: 6, columns: 5, isPrunable: true }];
      const kept = await restoreScores(storage, `${TRIAL}/${level}/scores`, parameters);
      infinite += kept!.layer0.data.filter((score) => score === -Infinity).length;
    }
    assertEquals(infinite > 0, /same_sign/.test(title));
  });
}

Deno.test("a damaged file of scores is named, with what to run again", async () => {
  const storage = await lottery({}), file = `${TRIAL}/1/scores/layer0.npy`;
  const parameters = [{ name: "layer0", shape: [6, 5], rows: 6, columns: 5, isPrunable: true }];
  const other = encodeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) });
  for (const bytes of [new Uint8Array(), new Uint8Array(40).fill(7), other]) {
    await storage.write(file, bytes);
    const error = await assertRejects(
      () => restoreScores(storage, `${TRIAL}/1/scores`, parameters),
      FormatError,
      `${TRIAL}/1/scores/layer0.npy`,
    );
    assert(
      error.message.endsWith(
        ": run the command that made the experiment again with --keep-scores",
      ),
      error.message,
    );
  }
});

for (const oneShot of [false, true]) {
  const how = oneShot ? "one shot" : "snip before training";
  Deno.test(`${how}: level 0's scores make the masks of every level`, async () => {
    const options: SmallOptions = oneShot
      ? { oneShot }
      : { pruneAt: "init", criterion: "snip", scope: "global" };
    const storage = await lottery(options);
    assertEquals(await keptLevels(storage), [0]);
    const full = await liveOf(storage, 0);
    // round(0.8 · live) of layer0's and round(0.9 · live) of layer1's, level by level.
    const left = [[24, 13], [19, 12], [15, 11]];
    for (const [i, [first, last]] of left.entries()) {
      const counts = { layer0: full.layer0 - first, layer1: full.layer1 - last };
      await checkMasks(storage, 0, i + 1, counts, !oneShot);
    }
  });
}

Deno.test("other experiments' names; synflow keeps the scores of its first round", async () => {
  const storage = await lottery({
    ...{ experimentName: "mine", pruneAt: "init", criterion: "synflow", scope: "global" },
  });
  assertEquals(await keptLevels(storage), []);
  assertEquals(await keptLevels(storage, "mine_scores"), [0]);
  for (const layer of LAYERS) {
    const path = `${TRIAL}/0/mine_scores/${layer}.npy`;
    const { data } = decodeNpy(await storage.read(path), path);
    // The scores of a layer of the dense network add up to 1 (Tanaka et al. 2020, theorem 2).
    const sum = [...data].reduce((a, b) => a + b, 0);
    assert(Math.abs(sum - 1) < 1e-6, `${sum}`);
  }
  for (const experimentName of ["scores", "mine_scores"]) {
    await assertRejects(
      () => lottery({ experimentName }),
      InputError,
      "that of a control's folder",
    );
  }
});

Deno.test("the flag changes no other file; continued, or added later, it writes the same bytes", async () => {
  const whole = await readFiles(await lottery({}), EXPERIMENT);
  const without = await readFiles(await lottery({ keepScores: false }), EXPERIMENT);
  const isScore = (path: string) => path.includes("/scores/");
  assertEquals([...without.keys()].filter(isScore), []);
  assertEquals(new Map([...whole].filter(([path]) => !isScore(path))), without);
  const parts = await lottery({ levels: 1 });
  assertEquals(await keptLevels(parts), [0]);
  assert((await findRunFolders(parts, EXPERIMENT)).faults.length === 0);
  // Those of a level that is pruned on the way to one more, and of one that is finished.
  await lottery({ levels: 3, keepScores: false }, parts);
  assertEquals(await keptLevels(parts), [0]);
  await parts.remove(`${TRIAL}/1/reinit1`);
  await lottery({}, parts);
  assertEquals(await readFiles(parts, EXPERIMENT), whole);
});

Deno.test("scores follow the weights: kept ones are brought up to date, and go with a replaced experiment", async () => {
  const storage = await lottery({});
  const policy = { overwrite: true, resume: true };
  await lottery({ keepScores: false, levels: 2, seed: 1, policy }, storage);
  assertEquals(await keptLevels(storage), []);
  await lottery({ levels: 2, seed: 1 }, storage);
  const path = `${TRIAL}/1/scores/layer0.npy`, right = await storage.read(path);
  await storage.write(path, Uint8Array.of(1));
  await lottery({ keepScores: false, levels: 2, seed: 1 }, storage);
  assertEquals(await storage.read(path), right);
});

Deno.test("a pruning reports its scores and masks", async () => {
  const told: string[] = [];
  const onPruned: SmallOptions["onPruned"] = ({ trial, level, next, scope, before, after }) =>
    void told.push(
      [
        trial,
        level,
        next,
        scope,
        ...[before, after].map(({ layer0 }) => layer0.data.reduce((sum, bit) => sum + bit, 0)),
      ].join(" "),
    );
  await lottery({ levels: 2, onPruned });
  await lottery({ levels: 2, oneShot: true, onPruned });
  await lottery({ levels: 2, pruneAt: "init", criterion: "random", onPruned });
  await lottery({ levels: 2, dynamic: "set", onPruned });
  await lottery({ levels: 0, onPruned });
  assertEquals(told, [
    "1 0 1 layer 30 24",
    "1 1 2 layer 24 19",
    "1 0 2 layer 30 19",
    "1 0 2 layer 30 19",
  ]);
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
