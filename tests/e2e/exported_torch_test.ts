/**
 * The README's lines for PyTorch, run as they stand: a ticket of a LeNet-5, exported and loaded,
 * computes what it computed here. NumPy stands in for PyTorch everywhere; where a Python has
 * PyTorch, it is asked too.
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { loadExampleFolder } from "../../src/datasets/files/folder.ts";
import { decodeNpy, encodeNpy } from "../../src/formats/npy.ts";
import { predict } from "../../src/models/predict.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { NETWORKS } from "../../src/models/networks.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";
import { runLottery, short, succeed } from "../../tasks/lib/task_process.ts";
import { numpyPython, pythonsWith } from "../numpy.ts";
import { assertAllClose } from "../reference/allclose.ts";

const README = await Deno.readTextFile(new URL("../../tasks/README.md", import.meta.url));
const LOADER = fromFileUrl(new URL("../reference/load_export.py", import.meta.url));
const storage = new DenoStorage(), folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** The README's block of Python that holds these words. */
function lines(words: string): string {
  const blocks = [...README.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const found = blocks.filter((block) => block.includes(words));
  assertEquals(found.length, 1, words);
  return found[0];
}

const ofNpz = lines("torch.from_numpy"), ofSafetensors = lines("load_file");
const network = lines("logits ="), dense = lines("safe_open");

/** Runs lines in the folder of the exported files; gives what they print. */
async function run(python: string, witness: string, program: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [LOADER, witness, program, "images.npy", "logits.npy"],
    cwd: folder,
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

const witnesses = [{ name: "numpy", python: await numpyPython() }];
for (const python of (await pythonsWith("numpy, torch")).slice(0, 1)) {
  witnesses.push({ name: "torch", python });
}

await writeSmallMnist(`${folder}/data`);
await runLottery(...short(
  `--mnist-location=${folder}/data`,
  "--layers=conv5x5v:20,pool,conv5x5v:50,pool,500",
  "--iterations=1",
  "--no-control",
  `--experiment-path=${folder}/conv`,
));
const ticket = `${folder}/conv/trial1/1/same_init`;
await succeed("export", ticket, "--to=npz", `--output=${folder}/same_init.npz`);
await succeed("export", ticket, `--output=${folder}/same_init.safetensors`);

const { test, imageShape } = await loadExampleFolder(storage, `${folder}/data`, "mnist");
const pixels = Float32Array.from(test.inputs, (pixel) => pixel / 255);
await Deno.writeFile(
  `${folder}/images.npy`,
  encodeNpy({ shape: [test.count, 1, ...imageShape!], data: pixels }),
);
const weights = await restoreNetwork(storage, `${ticket}/final`);
const biases = await restoreNetwork(storage, `${ticket}/final_biases`);
const layers = networkLayers(NETWORKS["lenet-5"].hidden, [28, 28], 10);

for (const { name, python } of witnesses) {
  for (const [format, load] of Object.entries({ npz: ofNpz, safetensors: ofSafetensors })) {
    Deno.test(`the README's lines load a LeNet-5 of ${format}: ${name} agrees with us`, async () => {
      await run(python, name, load + network);
      const { shape, data } = decodeNpy(await Deno.readFile(`${folder}/logits.npy`), "logits");
      assertEquals(shape, [test.count, 10]);
      const rows = Array.from({ length: test.count }, (_, i) => {
        const logits = Array.from(data.subarray(10 * i, 10 * i + 10));
        const most = Math.max(...logits);
        const sum = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
        return { logits, predicted: logits.indexOf(most), shift: most + Math.log(sum) };
      });
      // The logits but for a number that all of an example's share.
      const examples = Array.from(
        { length: 100 },
        (_, i) => pixels.subarray(784 * i, 784 * i + 784),
      );
      predict(layers, weights, biases, examples).forEach((probabilities, i) => {
        const { logits, shift } = rows[i];
        assertAllClose(logits.map((logit) => logit - shift), probabilities.map(Math.log), {
          rtol: 0,
          atol: 1e-4,
        });
      });
      // What the engine found on the whole test set.
      const metrics = JSON.parse(await Deno.readTextFile(`${ticket}/metrics.json`));
      const { accuracy, loss } = metrics.test.at(-1);
      const right = rows.filter(({ predicted }, i) => predicted === test.labels[i]).length;
      assertEquals(right / test.count, accuracy);
      assert(accuracy > 0.5 && accuracy < 1, `${accuracy}`);
      const losses = rows.map(({ logits, shift }, i) => shift - logits[test.labels[i]]);
      const mean = losses.reduce((a, b) => a + b, 0) / test.count;
      assertAllClose([mean], [loss], { rtol: 1e-4, atol: 1e-5 });
    });
  }

  Deno.test(`the README's lines read a layer and the record: with ${name}`, async () => {
    // Of the last layer, which is dense: a convolution has its own axes.
    const [shape, id] = JSON.parse(await run(python, name, dense.replace("layer0", "layer3")));
    assertEquals(shape, [10, 500]);
    assertEquals([id.trial, id.level], [1, 1]);
  });
}
