/** The effects of run-lottery's flags, each seen in the files of a short experiment. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeNpy } from "../../src/formats/npy.ts";
import {
  part,
  readTree,
  runLottery,
  runTask,
  short,
  succeed,
} from "../../tasks/lib/task_process.ts";
import { writePatterns, writeSmallMnist } from "../../tasks/lib/small_data.ts";

let folder: string, data: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
  // The start of others: two trials of two levels, without controls.
  const path = `--experiment-path=${folder}/base`;
  await runLottery(data, ...short("--trials=1-2", "--iterations=1", "--no-control", path));
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

async function readArray(path: string): Promise<number[]> {
  return [...decodeNpy(await Deno.readFile(path), path).data];
}

const readText = (path: string) => Deno.readTextFile(path);

async function readConfig(run: string) {
  return JSON.parse(await readText(`${run}/run.json`));
}

Deno.test("--no-control leaves the control out", async () => {
  const tree = await readTree(`${folder}/base`);
  assertEquals(part(tree, /reinit/).size, 0);
  assertEquals(part(tree, /run\.json$/).size, 4);
});

Deno.test("--output-dir with --presets and --masks: the union of the masks, rewound to the presets", async () => {
  const run = `${folder}/mine/0/again`;
  const [a, b] = [1, 2].map((trial) => `${folder}/base/trial${trial}/1/same_init/masks`);
  const presets = `${folder}/base/trial1/0/same_init/final`;
  const { stdout } = await runLottery(
    data,
    ...short("--iterations=0", `--masks=${a},${b}`, `--presets=${presets}`),
    `--output-dir=${folder}/mine`,
    "--experiment-name=again",
  );
  const tree = await readTree(`${folder}/mine`);
  assertEquals([...part(tree, /run\.json$/).keys()], ["0/again/run.json"]);
  assert(tree.has("accuracy-again.svg"));
  let live = 0, total = 0;
  for (const layer of ["layer0.npy", "layer1.npy", "layer2.npy"]) {
    const [maskA, maskB] = [await readArray(`${a}/${layer}`), await readArray(`${b}/${layer}`)];
    const union = maskA.map((value, i) => value + maskB[i] > 0 ? 1 : 0);
    assert(union.some((value, i) => value !== maskA[i]), "the masks differ");
    assertEquals(await readArray(`${run}/masks/${layer}`), union);
    const weights = await readArray(`${presets}/${layer}`);
    assertEquals(
      await readArray(`${run}/initial/${layer}`),
      weights.map((weight, i) => union[i] === 1 ? weight : 0),
    );
    live += union.filter((value) => value === 1).length;
    total += union.length;
  }
  assertMatch(stdout, new RegExp(`^0 +${(100 * live / total).toFixed(2)}%`, "m"));
  const config = await readConfig(run);
  assertMatch(config.start.presets, /^[0-9a-f]{64}$/);
  assertMatch(config.start.masks, /^[0-9a-f]{64}$/);
});

Deno.test("the google protocol: SGD on normalized images, no early stop", async () => {
  const path = `${folder}/google`;
  const { stdout } = await runLottery(
    "--protocol=google",
    data,
    ...short("--validation-size=0", "--trials=1", "--iterations=1", "--batch-size=60"),
    `--experiment-path=${path}`,
  );
  assertMatch(
    stdout,
    /^level +weights remaining +accuracy before training +test accuracy at the end\n/,
  );
  assertMatch(stdout, /^1 reinitialized +80\.06% +\d+\.\d\d% +\d+\.\d\d%$/m);
  const run = `${path}/trial1/1/same_init`;
  assertEquals(await readText(`${run}/validate.log`), "");
  assertEquals(JSON.parse(await readText(`${run}/metrics.json`)).earlyStopIteration, null);
  const { training, dataset, network } = await readConfig(run);
  assertEquals(
    [training.optimizer, dataset.normalization, network.initializer],
    [{ kind: "sgd", learningRate: 0.1 }, "l2", "truncated"],
  );
  // 784 inputs and 40 units; the full network, and the twin, whose weights are drawn for it.
  const cut = 2 * Math.sqrt(1.3 * 2 / (784 + 40));
  for (const name of ["0/same_init", "1/reinit1"]) {
    const weights = await readArray(`${path}/trial1/${name}/initial/layer0.npy`);
    const largest = Math.max(...weights.map(Math.abs));
    assert(largest > 0.999 * cut && largest < 1.00001 * cut, `${name}: ${largest} of ${cut}`);
  }
});

Deno.test("--momentum is kept in run.json, and changed in runs that take their settings from it", async () => {
  const path = `${folder}/momentum`;
  await runLottery(
    ...["--optimizer=momentum", "--momentum=.8", data, ...short("--iterations=1")],
    `--experiment-path=${path}`,
  );
  const masks = `--masks=${path}/trial1/1/same_init`;
  const again = (name: string, ...flags: string[]) =>
    succeed("reinitialize", data, masks, `--output-dir=${path}/${name}`, ...flags);
  await again("reinit1");
  await again("reinit2", "--momentum=.7");
  for (const [run, momentum] of [["trial1/1/same_init", 0.8], ["reinit1", 0.8], ["reinit2", 0.7]]) {
    const { training } = await readConfig(`${path}/${run}`);
    assertEquals(training.optimizer, { kind: "momentum", learningRate: 0.01, momentum }, `${run}`);
  }
  await again("reinit3", "--nesterov");
  const { optimizer } = (await readConfig(`${path}/reinit3`)).training;
  assertEquals(optimizer, { kind: "nesterov", learningRate: 0.01, momentum: 0.8 });
});

Deno.test("an experiment of the google protocol without the truncated initializer goes on with its own", async () => {
  const path = `${folder}/older`,
    flags = [
      "--protocol=google",
      data,
      ...short(
        ...["--validation-size=0", "--trials=1", "--iterations=0", "--batch-size=60"],
      ),
      `--experiment-path=${path}`,
    ];
  await runLottery(...flags, "--initializer=glorot");
  const run = `${path}/trial1/0/same_init`;
  assertEquals((await readConfig(run)).network.initializer, "glorot");
  const { code, stderr } = await runTask("run-lottery", flags);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /a different experiment \(network\.initializer: "glorot", now "truncated"\); pass --initializer glorot to continue it, /,
  );
  const again = await runLottery(...flags, "--initializer=glorot");
  assertMatch(again.stderr, /^runs +0 of 1 to train$/m);
});

Deno.test("the paper protocol with --permute-labels and --train-order-seed", async () => {
  const order = (name: string, ...flags: string[]) =>
    runLottery(
      "--protocol=paper",
      data,
      ...short("--iterations=0", ...flags),
      `--experiment-path=${folder}/${name}`,
    );
  await order("paper", "--trials=1-2");
  await order("ordered", "--trials=1-2", "--train-order-seed=9");
  await order("permuted", "--trials=1", "--permute-labels");
  const runOf = (name: string, trial: number) => `${folder}/${name}/trial${trial}/0/same_init`;
  const log = (name: string, trial: number) => readText(`${runOf(name, trial)}/train.log`);
  const weights = (name: string) => readArray(`${runOf(name, 1)}/initial/layer0.npy`);

  // The paper's fields are the quick protocol's, so this is the same run.
  const quick = await readText(`${folder}/base/trial1/0/same_init/train.log`);
  assertEquals(await log("paper", 1), quick);
  for (const name of ["ordered", "permuted"]) {
    assertEquals(await weights(name), await weights("paper"));
    assert(await log(name, 1) !== await log("paper", 1), name);
  }
  assertEquals((await readConfig(runOf("ordered", 1))).training.trainOrderSeed, 9);
  assertEquals((await readConfig(runOf("permuted", 1))).dataset.permuteLabels, true);
  const accuracy =
    JSON.parse(await readText(`${runOf("permuted", 1)}/metrics.json`)).test[2].accuracy;
  assert(accuracy > 0.6, `a permutation of the labels is as easy to learn: ${accuracy}`);
});

/** Trains one level on such images; gives the run's metrics and configuration. */
async function trainOnPatterns(
  name: string,
  patterns: Parameters<typeof writePatterns>[1],
  ...flags: string[]
) {
  await writePatterns(`${folder}/${name}-data`, patterns);
  await runLottery(
    `--mnist-location=${folder}/${name}-data`,
    ...short("--layers=16", "--validation-size=0", "--iterations=0", ...flags),
    `--output-dir=${folder}/${name}`,
  );
  const run = `${folder}/${name}/0/same_init`;
  return {
    metrics: JSON.parse(await readText(`${run}/metrics.json`)),
    config: await readConfig(run),
  };
}

Deno.test("37 classes of 5x7 images, epochs that the batch does not divide", async () => {
  const { metrics, config } = await trainOnPatterns(
    "glyphs",
    { imageShape: [5, 7], classes: 37, train: 401, test: 111 },
    "--training-len=epochs:3",
    "--batch-size=60",
    "--learning-rate=0.02",
  );
  // Seven batches, the last of 41 images.
  assertEquals(config.training.iterations, 21);
  assertEquals(metrics.train.length, 21);
  assertEquals([config.dataset.shape, config.dataset.classes], [[5, 7], 37]);
  for (const [i, { accuracy }] of metrics.train.entries()) {
    const right = accuracy * (i % 7 === 6 ? 41 : 60);
    assert(Math.abs(right - Math.round(right)) < 1e-4, `batch ${i}: accuracy ${accuracy}`);
  }
  const [before, after] = [metrics.test[0], metrics.test.at(-1)];
  assertEquals([before.iteration, after.iteration], [0, 21]);
  assert(Math.abs(before.loss - Math.log(37)) < 1, `${before.loss}`);
  assert(after.accuracy > 0.5, `${after.accuracy}`);
});

Deno.test("2 classes, a batch larger than the training set", async () => {
  const { metrics, config } = await trainOnPatterns(
    "two",
    { imageShape: [6, 4], classes: 2, train: 50, test: 20 },
    "--training-len=epochs:30",
    "--learning-rate=0.02",
  );
  assertEquals([config.training.iterations, config.dataset.classes], [30, 2]);
  assertEquals(metrics.test.at(-1).accuracy, 1);
});

Deno.test("images in colour, standardized by channel: the record has shape, means and deviations", async () => {
  const { metrics, config } = await trainOnPatterns(
    "colour",
    { imageShape: [5, 3, 3], classes: 4, train: 200, test: 50 },
    "--normalization=standardize",
    "--training-len=epochs:5",
    "--learning-rate=0.02",
  );
  const { shape, normalization, statistics } = config.dataset;
  assertEquals([shape, normalization], [[5, 3, 3], "standardize"]);
  const inputs = [...await readArray(`${folder}/colour-data/x_train.npy`)];
  for (const channel of [0, 1, 2]) {
    const values = inputs.filter((_, i) => i % 3 === channel).map((value) => value / 255);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / values.length);
    assert(Math.abs(statistics!.means[channel] - mean) < 1e-12);
    assert(Math.abs(statistics!.deviations[channel] - deviation) < 1e-12);
  }
  assertEquals(metrics.test.at(-1).accuracy, 1);
});
