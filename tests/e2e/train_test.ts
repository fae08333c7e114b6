/** Single networks: from the initializer, from a ticket, from exported files. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  assertSameTree,
  part,
  readTree,
  runLottery,
  runTask,
  short,
  type Tree,
} from "../../tasks/lib/task_process.ts";
import { runNumpy } from "../numpy.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

let folder: string, data: string, base: Tree;

const SETTINGS = short().filter((flag) => !flag.startsWith("--iterations"));

async function succeed(task: string, ...args: string[]) {
  const outcome = await runTask(task, args);
  assertEquals(outcome.code, 0, `${task} ${args.join(" ")}\n${outcome.stderr}`);
  return outcome;
}

const train = (name: string, ...args: string[]) =>
  succeed("train", data, ...SETTINGS, ...args, `--output-dir=${folder}/${name}`);

/** The files of a run's folder, but for the record, which tells a ticket from other runs. */
const resultsOf = (tree: Tree, run = "") =>
  new Map(
    [...part(tree, new RegExp(`^${run}(?!.*run\\.json$)`))]
      .map(([path, text]) => [path.slice(run.length), text]),
  );

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
  const path = `--experiment-path=${folder}/base`;
  await runLottery(data, ...short("--iterations=1", "--no-control", path));
  base = await readTree(`${folder}/base`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

Deno.test("without masks and presets it is the full network of the lottery, bit for bit", async () => {
  const { stdout, stderr } = await train("dense");
  assertSameTree(
    resultsOf(await readTree(`${folder}/dense`)),
    resultsOf(base, "trial1/0/same_init/"),
  );
  assertMatch(stderr, /^dataset +custom: 1500 training, 500 validation, 500 test examples$/m);
  assertMatch(
    stderr,
    /^protocol +quick: 60 iterations per run, hidden layers 40-20, adam 0\.0012/m,
  );
  assertMatch(stdout, /^ *weights remaining .*\n.*\n +100\.00% .*%\n\nRun: \S+\/dense\n$/);
  const again = await train("dense", "--json");
  assertMatch(again.stderr, /^runs +0 of 1 to train/m);
  const { run, config } = JSON.parse(again.stdout);
  assertEquals([run.found, run.kind, config.id.kind, config.start.masks], [
    true,
    "train",
    "train",
    null,
  ]);
});

Deno.test("a ticket is repeated from its folder, and from what export makes of it", async () => {
  const ticket = `${folder}/base/trial1/1/same_init`;
  const expected = resultsOf(base, "trial1/1/same_init/");
  const safetensors = `${ticket}.safetensors`, npz = `${folder}/ticket.npz`;
  assertEquals((await succeed("export", ticket)).stdout, `${safetensors}\n`);
  await succeed("export", ticket, "--to=npz", `--output=${npz}`);
  const sources: [presets: string, masks: string][] = [
    [`${ticket}/initial`, `${ticket}/masks`],
    [ticket, npz],
    [npz, safetensors],
    [safetensors, `${ticket},${npz}`],
  ];
  for (const [i, [presets, masks]] of sources.entries()) {
    await train(`ticket${i}`, `--presets=${presets}`, `--masks=${masks}`, "--levels=1");
    assertSameTree(resultsOf(await readTree(`${folder}/ticket${i}`)), expected);
  }
});

Deno.test("without flags a run has the settings of the run whose masks it gets; flags come first", async () => {
  const ticket = `${folder}/base/trial1/1/same_init`;
  const sources = [ticket, `${folder}/own.npz`, `${folder}/own.safetensors`];
  for (const [i, source] of sources.entries()) {
    if (i > 0) {
      await succeed("export", ticket, `--to=${source.split(".")[1]}`, `--output=${source}`);
    }
    const output = `${folder}/as-source${i}`;
    const args = [data, `--presets=${source}`, `--masks=${source}`, `--output-dir=${output}`];
    const { stderr } = await succeed("train", ...args);
    assertMatch(stderr, /^protocol +as \/\S+: 60 iterations per run, hidden layers 40-20/m);
    assertSameTree(resultsOf(await readTree(output)), resultsOf(base, "trial1/1/same_init/"));
  }
  const config = async (name: string, ...args: string[]) => {
    const output = `--output-dir=${folder}/${name}`;
    const { stderr } = await succeed("train", data, ...args, output);
    const record = JSON.parse(await Deno.readTextFile(`${folder}/${name}/run.json`));
    return { stderr, ...record.id, ...record.training, ...record.dataset };
  };
  const own = ["--training-len=20", "--seed=4", "--levels=0", "--permute-labels"];
  const changed = await config("own/trial2/5/x", `--masks=${ticket}`, ...own);
  const { iterations, seed, trial, level, permuteLabels, batchSize, validationSize } = changed;
  assertEquals([iterations, seed, trial, level, permuteLabels], [20, 4, 2, 0, true]);
  assertEquals([batchSize, validationSize], [60, 500]);
  // Masks of the original's come without a record.
  await Deno.mkdir(`${folder}/original/masks`, { recursive: true });
  for (const layer of ["layer0", "layer1", "layer2"]) {
    await Deno.copyFile(
      `${ticket}/masks/${layer}.npy`,
      `${folder}/original/masks/${layer}.npy`,
    );
  }
  const bare = await config("bare", `--masks=${folder}/original/masks`, ...SETTINGS);
  assertMatch(bare.stderr, /original\/masks has no run.json: .* --protocol quick/);
  await config("lists", "--kernels=sparse", ...SETTINGS);
  assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/lists/run.json`)).kernels, "sparse");
  await Deno.mkdir(`${folder}/changed`);
  for await (const { name } of Deno.readDir(`${folder}/data`)) {
    const bytes = await Deno.readFile(`${folder}/data/${name}`);
    if (name === "y_test.npy") bytes[bytes.length - 1] ^= 1;
    await Deno.writeFile(`${folder}/changed/${name}`, bytes);
  }
  const other = await succeed(
    "train",
    ...[`--mnist-location=${folder}/changed`, `--masks=${ticket}`, `--output-dir=${folder}/other`],
  );
  assertMatch(other.stderr, /same_init was trained on other examples than these \(custom, /);
});

Deno.test("an exported run is what NumPy finds in the run's folder", async () => {
  const ticket = `${folder}/base/trial1/1/same_init`;
  await succeed("export", ticket, "--to", "npz", `--output=${folder}/a.npz`);
  await succeed("export", ticket, "--to", "safetensors", `--output=${folder}/a.safetensors`);
  const script = `
import json, os, struct, sys
import numpy as np
run, npz, safetensors = sys.argv[1:]
raw = open(safetensors, "rb").read()
size, = struct.unpack("<Q", raw[:8])
header = json.loads(raw[8:8 + size])
metadata = header.pop("__metadata__")
archive = np.load(npz)
texts = {"run.json", "metrics.json"}
names = {f"{part}/layer{i}" for part in ("initial", "final", "masks", "initial_biases", "final_biases") for i in range(3)}
assert set(header) == names and set(archive) == names | texts, set(archive)
for name in names:
    array = np.load(os.path.join(run, name + ".npy"))
    first, last = header[name]["data_offsets"]
    tensor = np.frombuffer(raw[8 + size + first:8 + size + last], "<f4").reshape(header[name]["shape"])
    for other in (tensor, archive[name]):
        assert other.dtype == array.dtype and other.shape == array.shape and other.tobytes() == array.tobytes(), name
for name in texts:
    text = open(os.path.join(run, name), "rb").read()
    assert archive[name] == text and metadata[name].encode() == text, name
print("same")`;
  const args = [ticket, `${folder}/a.npz`, `${folder}/a.safetensors`];
  assertEquals(await runNumpy(script, args), "same\n");
});

Deno.test("masks and presets by NumPy: booleans in Fortran order, version 2, 64-bit floats", async () => {
  const ticket = `${folder}/base/trial1/1/same_init`;
  await runNumpy(
    `
import os, sys
import numpy as np
run, out = sys.argv[1:]
for part, kind in (("masks", bool), ("initial", "<f8")):
    os.makedirs(f"{out}/{part}")
    for i in range(3):
        array = np.asfortranarray(np.load(f"{run}/{part}/layer{i}.npy").astype(kind))
        with open(f"{out}/{part}/layer{i}.npy", "wb") as stream:
            np.lib.format.write_array(stream, array, version=(2, 0))
`,
    [ticket, `${folder}/numpy`],
  );
  await train(
    "numpy-run",
    `--presets=${folder}/numpy`,
    `--masks=${folder}/numpy/masks`,
    "--levels=1",
  );
  assertSameTree(
    resultsOf(await readTree(`${folder}/numpy-run`)),
    resultsOf(base, "trial1/1/same_init/"),
  );
});

Deno.test("a script of the original's user: Python's values, paths with commas, layers that are lacking", async () => {
  const ticket = `${folder}/base/trial1/1/same_init`, comma = `${folder}/one,two`;
  for (const layer of ["layer0", "layer2"]) {
    await Deno.mkdir(comma, { recursive: true });
    await Deno.copyFile(`${ticket}/masks/${layer}.npy`, `${comma}/${layer}.npy`);
  }
  await Deno.mkdir(`${folder}/some`);
  await Deno.copyFile(`${ticket}/initial/layer1.npy`, `${folder}/some/layer1.npy`);
  const run = async (name: string, ...args: string[]) => {
    const { stderr } = await succeed(
      "train",
      data,
      ...SETTINGS.filter((flag) => !flag.startsWith("--training-len")),
      "--training_len=('iterations', 20)",
      "--permute_labels=False",
      "--train_order_seed=None",
      `--presets='${folder}/some'`,
      `--output_dir=${folder}/${name}`,
      ...args,
    );
    return { stderr, tree: resultsOf(await readTree(`${folder}/${name}`)) };
  };
  const { stderr, tree } = await run("fire", `--masks=['${comma}']`);
  assertMatch(stderr, /one,two has no mask of layer1: not pruned there\n/);
  assertMatch(stderr, /some has no weights of layer0, layer2: these start at random\n/);
  assertMatch(tree.get("test.log") ?? "", /\niteration,20,[^\n]*\n$/);
  const twice = await run("twice", "--masks", comma, "--masks", comma);
  assertSameTree(twice.tree, tree);
  const both = await run("both", "--masks", comma, `--masks=${ticket}`);
  assertMatch(both.stderr, /one,two has no mask of layer1: the other masks decide there\n/);
});
