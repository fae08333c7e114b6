/** What a level's survivors start from, as the files of a lottery have it; and that runs repeat. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { networkDigest } from "../../src/models/digest.ts";
import { restoreCurves } from "../../src/records/saved_run.ts";
import { findRunFolders } from "../../src/records/tree.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import * as paths from "../../src/records/paths.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
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

/** A lottery of three levels with such a start; repeats its runs and compares every bit. */
async function lottery(options: SmallOptions) {
  const storage = new MemoryStorage();
  await runSmallLottery(storage, queue, { levels: 2, ...options });
  const { runs } = await findRunFolders(storage, EXPERIMENT);
  await assertRepeated(storage, queue, runs);
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

Deno.test("rewind iteration:8: levels start from the full network of iteration 8, and train the rest", async () => {
  const { storage, read } = await lottery({
    rewind: { iterations: 8 },
    optimizer: "sgd",
    schedule: "cosine",
  });
  const point = `${EXPERIMENT}/trial1/0/rewind_point`;
  const [before, after] = [
    await restoreNetwork(storage, paths.initial(point)),
    await restoreNetwork(storage, paths.final(point)),
  ];
  const biases = await restoreNetwork(storage, paths.finalBiases(point));
  // With SGD, that run and level 0 are the two parts of a lottery's usual level 0.
  const { read: usual } = await lottery({ optimizer: "sgd", schedule: "cosine" });
  assertEquals(before, await usual(0, paths.initial));
  assertEquals(await read(0, paths.final), await usual(0, paths.final));
  assertEquals(await read(0, paths.finalBiases), await usual(0, paths.finalBiases));
  assertEquals(await read(0, paths.initial), after);
  for (const level of [1, 2]) {
    const [initial, masks] = [await read(level, paths.initial), await read(level, paths.masks)];
    for (const name of Object.keys(initial)) {
      const expected = after[name].data.map((w, i) => masks[name].data[i] === 0 ? 0 : w);
      assertEquals(initial[name].data, expected);
    }
    assertEquals(await read(level, paths.initialBiases), biases);
    const { train, test } = await restoreCurves(storage, folderOf(level));
    assertEquals(train.map(({ iteration }) => iteration), [...Array(12).keys()].map((i) => 8 + i));
    assertEquals(test.map(({ iteration }) => iteration), [8, 10, 20]);
  }
  // Reports show levels and controls, not the part.
  const { studies: [{ runs }] } = await readExperiments(storage, [EXPERIMENT]);
  assertEquals(runs.map(({ kind }) => kind).sort(), ["reinit", "ticket", "ticket", "ticket"]);
});

Deno.test("controls of a rewound lottery: drawn weights train from the first iteration, tickets' own from the point", async () => {
  const { storage, read } = await lottery({ rewind: { iterations: 8 } });
  const controls = ["reinit", "reuse", "random_sparsity", "random_sparsity_same_init"] as const;
  const folders = await runSmallControls(storage, queue, { kinds: controls, controlLevels: [2] });
  await assertRepeated(storage, queue, folders);
  const first = async (kind: string) => {
    const folder = `${EXPERIMENT}/trial1/2/${kind}2`;
    return (await restoreCurves(storage, folder)).train[0].iteration;
  };
  assertEquals(await Promise.all(controls.map(first)), [0, 8, 0, 8]);
  // At other places, but with the values and biases of the rewind point.
  const same = `${EXPERIMENT}/trial1/2/random_sparsity_same_init2`;
  const [initial, masks] = [
    await restoreNetwork(storage, paths.initial(same)),
    await restoreNetwork(storage, paths.masks(same)),
  ];
  const full = await read(0, paths.initial);
  for (const name of Object.keys(initial)) {
    const expected = full[name].data.map((w, i) => masks[name].data[i] === 0 ? 0 : w);
    assertEquals(initial[name].data, expected);
  }
  assertEquals(
    await restoreNetwork(storage, paths.initialBiases(same)),
    await read(0, paths.initialBiases),
  );
});

Deno.test("rewind final: the schedule begins anew, is taken up at a point, or stays at its last rate", async () => {
  const lengths: number[] = [], finals: string[] = [];
  for (const rate of [{ iterations: 0 }, { iterations: 12 }, "last"] as const) {
    const { storage, read } = await lottery({
      ...{ rewind: "final", rewindLearningRate: rate, schedule: "steps" },
    });
    lengths.push((await restoreCurves(storage, folderOf(1))).train.length);
    finals.push(await networkDigest(await read(1, paths.final)));
  }
  assertEquals(lengths, [20, 8, 20]);
  assertEquals(new Set(finals).size, 3);
  // The last rate of steps at 5 and 12 is a hundredth of the first.
  const { read: last } = await lottery({
    ...{ rewind: "final", rewindLearningRate: "last", schedule: "steps", optimizer: "sgd" },
  });
  const { read: begun } = await lottery({ rewind: "final", schedule: "steps", optimizer: "sgd" });
  const moved = async (read: typeof last) => {
    const [from, to] = [await read(1, paths.initial), await read(1, paths.final)];
    return Math.hypot(...to.layer0.data.map((w, i) => w - from.layer0.data[i]));
  };
  assert(await moved(last) < await moved(begun) / 10);
});

Deno.test("controls have the ticket's own kind of values, at other places", async () => {
  const kinds = ["random_sparsity_same_init"] as const;
  const { storage } = await lottery({ survivors: "constant" });
  const [folder] = await runSmallControls(storage, queue, { kinds, controlLevels: [2] });
  await assertRepeated(storage, queue, [folder]);
  const magnitudes = async (folder: string) => {
    const { layer0 } = await restoreNetwork(storage, paths.initial(folder));
    return new Set([...layer0.data].map(Math.abs).filter((w) => w > 0));
  };
  assertEquals(await magnitudes(folder), await magnitudes(folderOf(2)));
  assertEquals((await magnitudes(folder)).size, 1);
  // Trained weights that the level before has pruned elsewhere cannot be had there.
  const final = (await lottery({ rewind: "final" })).storage;
  await runSmallControls(final, queue, { kinds, controlLevels: [1] });
  await assertRejects(
    () => runSmallControls(final, queue, { kinds, controlLevels: [2] }),
    InputError,
    "at other places there are none from level 2 on",
  );
});

Deno.test("runs whose weights decay are repeated to the same record", async () => {
  for (const optimizer of ["sgd", "momentum", "adamw"] as const) {
    await lottery({ optimizer, weightDecay: 0.01 });
  }
});

Deno.test("iterations per level: 0 evaluates tickets without training them", async () => {
  const { storage, read } = await lottery({ iterationsPerLevel: 0, survivors: "constant" });
  for (const level of [1, 2]) {
    assertEquals(await read(level, paths.final), await read(level, paths.initial));
    const { train, test } = await restoreCurves(storage, folderOf(level));
    assertEquals([train.length, test.length], [0, 1]);
  }
  assertEquals((await restoreCurves(storage, folderOf(0))).train.length, 20);
  const { studies: [{ runs }] } = await readExperiments(storage, [EXPERIMENT]);
  const untrained = runs.filter(({ kind, level }) => kind === "ticket" && level > 0);
  assert(
    untrained.every((run) =>
      run.initialAccuracy === run.finalAccuracy && run.finalTrainAccuracy === null
    ),
  );
  assertEquals(untrained.length, 2);
});

Deno.test("mask-0 initial: pruned weights keep their initial values, and take part", async () => {
  for (const optimizer of ["sgd", "momentum", "nesterov", "adam", "adamw"] as const) {
    const { storage, read } = await lottery({ prunedWeights: "initial", optimizer });
    const first = await read(0, paths.initial);
    for (const level of [1, 2]) {
      const [masks, final] = [await read(level, paths.masks), await read(level, paths.final)];
      assertEquals(await read(level, paths.initial), first);
      for (const name of Object.keys(first)) {
        masks[name].data.forEach((live, i) => {
          if (live === 0) assertEquals(final[name].data[i], first[name].data[i]);
        });
      }
    }
    // The first loss is that of the network with all its weights, as of level 0.
    const losses = await Promise.all(
      [0, 2].map(async (level) => (await restoreCurves(storage, folderOf(level))).test[0].loss),
    );
    assertEquals(losses[0], losses[1]);
  }
});

Deno.test("points past the end, and levels longer than what is left, are refused", async () => {
  const cases: [SmallOptions, string][] = [
    [
      { rewind: { iterations: 20 } },
      "rewinding: iteration 20 lies past the end of a training of 20",
    ],
    [{ rewind: { epochs: 5 } }, "rewinding: iteration 20 lies past the end"],
    [
      { rewind: "final", rewindLearningRate: { iterations: 21 } },
      "rewinding of the learning rate: iteration 21 lies past the end of a training of 20",
    ],
    [
      { rewind: { iterations: 8 }, iterationsPerLevel: 13 },
      "13 iterations per level from iteration 8 on end after the 20 of the training: give at most 12",
    ],
  ];
  for (const [options, message] of cases) {
    await assertRejects(
      () => runSmallLottery(new MemoryStorage(), queue, options),
      InputError,
      message,
    );
  }
});

Deno.test("a rewound lottery that was stopped in its first run continues to the same files", async () => {
  const rewind = { iterations: 8 };
  const whole = (await lottery({ rewind })).storage;
  const parts = new MemoryStorage();
  await runSmallLottery(parts, queue, { levels: 0, rewind });
  await parts.remove(folderOf(0));
  await runSmallLottery(parts, queue, { levels: 2, rewind });
  assertEquals(await readFiles(parts, EXPERIMENT), await readFiles(whole, EXPERIMENT));
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
