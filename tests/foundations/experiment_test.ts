import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { DatasetBase } from "../../src/foundations/dataset_base.ts";
import {
  experiment,
  type LevelResult,
  type LevelStart,
  type Rewound,
} from "../../src/foundations/experiment.ts";
import type { Masks } from "../../src/models/masks.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";

const one = { inputs: new Float32Array(1), labels: new Uint8Array(1), count: 1, features: 1 };
const vector = (...values: number[]) => ({ shape: [1, 4], data: Float32Array.from(values) });
const biases = { layer0: { shape: [4], data: Float32Array.of(1, 2, 3, 4) } };

type Rewind = (results: readonly (LevelResult & { level: number })[]) => Rewound;

/**
 * An experiment whose training negates each weight and whose pruning takes the first that lives.
 */
async function run(iterations: number, start?: LevelStart, rewind?: Rewind) {
  const said: unknown[] = [];
  const results = await experiment({
    iterations,
    start,
    rewind,
    makeDataset: (level) => {
      said.push(`dataset ${level}`);
      return new DatasetBase({ name: `${level}`, classes: 4, train: one, test: one });
    },
    makeModel: (level, dataset, start) => {
      said.push(`model ${level} for dataset ${dataset.sets.name}`);
      return new ModelFc({ layers: [[4, null]] }, 1, start);
    },
    trainModel: (level, dataset, { weights, biases, masks }) => {
      said.push(`train ${level} on dataset ${dataset.sets.name}`);
      const final = { layer0: vector(...weights.layer0.data.map((w) => -w)) };
      return Promise.resolve({ initial: weights, initialBiases: biases, final, masks, level });
    },
    pruneMasks: ({ masks: { layer0 }, final }) => {
      said.push(["prune by", [...final.layer0.data]]);
      const first = layer0.data.indexOf(1);
      return { layer0: vector(...layer0.data.map((m, i) => i === first ? 0 : m)) };
    },
  });
  return { said, results };
}

Deno.test("each level prunes by the final weights of the one before and starts from level 0's", async () => {
  const presets = { layer0: vector(5, 6, 7, 8) };
  const { said, results } = await run(2, { presets, presetBiases: biases });
  assertEquals(said, [
    "dataset 0",
    "model 0 for dataset 0",
    "train 0 on dataset 0",
    ["prune by", [-5, -6, -7, -8]],
    "dataset 1",
    "model 1 for dataset 1",
    "train 1 on dataset 1",
    ["prune by", [-0, -6, -7, -8]],
    "dataset 2",
    "model 2 for dataset 2",
    "train 2 on dataset 2",
  ]);
  assertEquals(results.map(({ level, masks, initial }) => [level, masks.layer0, initial.layer0]), [
    [0, vector(1, 1, 1, 1), vector(5, 6, 7, 8)],
    [1, vector(0, 1, 1, 1), vector(0, 6, 7, 8)],
    [2, vector(0, 0, 1, 1), vector(0, 0, 7, 8)],
  ]);
  for (const { initialBiases } of results) assertEquals(initialBiases, biases);
});

Deno.test("weights that level 0 drew are those of every level; it may start with masks", async () => {
  const { results } = await run(1, { masks: { layer0: vector(1, 0, 1, 1) } });
  const [dense, ticket] = results.map(({ initial }) => initial.layer0.data);
  assertEquals(dense[1], 0);
  assertEquals(ticket, Float32Array.of(0, 0, dense[2], dense[3]));
  assertEquals(results[1].masks.layer0, vector(0, 0, 1, 1));
});

Deno.test("a rewinding rule sees all levels and says where the survivors start", async () => {
  const seen: number[][] = [];
  const { results } = await run(2, { presets: { layer0: vector(1, 2, 3, 4) } }, (results) => {
    seen.push(results.map(({ level }) => level));
    // Fine-tuning: each level goes on with the weights that the one before ended with.
    return { presets: results.at(-1)!.final };
  });
  assertEquals(seen, [[0], [0, 1]]);
  assertEquals(results.map(({ initial }) => initial.layer0), [
    vector(1, 2, 3, 4),
    vector(0, -2, -3, -4),
    vector(0, 0, 3, 4),
  ]);
  // Biases that the rule does not name are those of a new network.
  assertEquals(results[1].initialBiases, { layer0: { shape: [4], data: new Float32Array(4) } });
});

Deno.test("without pruning iterations there is level 0 alone; other numbers are refused", async () => {
  assertEquals((await run(0)).results.length, 1);
  for (const iterations of [-1, 0.5, NaN, Infinity]) {
    await assertRejects(() => run(iterations), InputError, `${iterations} pruning iterations`);
  }
});

/** One level of pruning by this rule, of a layer whose second weight is pruned from the start. */
const pruned = (rule: () => unknown, makeModel = (start: LevelStart) => new FourWeights(start)) =>
  experiment({
    iterations: 1,
    start: { masks: { layer0: vector(1, 0, 1, 1) } },
    makeDataset: () => new DatasetBase({ name: "d", classes: 4, train: one, test: one }),
    makeModel: (_level, _dataset, start) => makeModel(start),
    trainModel: (_level, _dataset, { weights, masks }) =>
      Promise.resolve({ initial: weights, final: weights, masks }),
    pruneMasks: rule as () => Masks,
  });

class FourWeights extends ModelFc {
  constructor(start: LevelStart) {
    super({ layers: [[4, null]] }, 1, start);
  }
}

Deno.test("what a pruning rule gives is taken in any number type, and must only prune", async () => {
  const rule = (data: ArrayLike<number>) => () => ({ layer0: { shape: [1, 4], data } });
  for (const data of [[0, 0, 1, 1], Uint8Array.of(0, 0, 1, 1), Float64Array.of(0, 0, 1, 1)]) {
    const [, { masks }] = await pruned(rule(data));
    assertEquals(masks.layer0, vector(0, 0, 1, 1));
  }
  const refuses = (what: () => unknown, message: string) =>
    assertRejects(() => pruned(what), InputError, `masks of level 1${message}`);
  await refuses(() => undefined, ": undefined is not a dictionary");
  await refuses(() => ({}), " lack layer0, whose weights would all live");
  await refuses(() => ({ layer0: [1, 0, 1, 1] }), " of layer0 is Array");
  await refuses(rule([1, 0, 1]), " of layer0 has 3 values where (1, 4) takes 4");
  await refuses(rule([1, 0, 0.5, 1]), " of layer0 holds 0.5 at [0, 2]");
  await refuses(rule([1, 1, 0, 1]), " of layer0 hold 1 at [0, 1], where the weight is pruned");
  const wide = { shape: [4, 1], data: [1, 0, 1, 1] };
  await refuses(() => ({ layer0: wide }), " of layer0 has the shape (4, 1)");
  const more = { layer0: vector(1, 0, 0, 1), layer1: vector(1, 0, 0, 1) };
  await refuses(() => more, ' of unknown layer "layer1"');
});

Deno.test("a network that is made without its level's masks is refused", async () => {
  const forgetful = ({ presets }: LevelStart) => new FourWeights({ presets });
  await assertRejects(
    () => pruned(() => ({ layer0: vector(0, 0, 1, 1) }), forgetful),
    InputError,
    "the network of level 0 does not have the mask of layer0 that its level starts from",
  );
});
