/** Networks that are asked about images: trained and untrained, and where they disagree. */

import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../src/errors.ts";
import { encodeNpy, type NpyData } from "../../../src/formats/npy.ts";
import { fcLayers } from "../../../src/models/layers.ts";
import { saveNetwork } from "../../../src/records/save_restore.ts";
import type { RunConfig } from "../../../src/runs/schema.ts";
import { MemoryStorage } from "../../../src/storage/memory.ts";
import { AskedNetworks } from "../../../src/web/stored/asked_networks.ts";
import { loadHere } from "../../../src/web/examples.ts";

/** Images of four pixels, of which one is lit: the class is its place. */
const PLACES = [0, 1, 2, 3, 1, 2];
const LAYERS = fcLayers([[4, null]], 4);

/** A network that takes a lit pixel for the class that is given for its place. */
function network(classes: readonly number[], strength: number) {
  const data = new Float32Array(16);
  classes.forEach((answer, place) => data[4 * place + answer] = strength);
  return { layer0: { shape: [4, 4], data } };
}

async function setUp() {
  const storage = new MemoryStorage();
  const write = (name: string, shape: number[], data: NpyData) =>
    storage.write(`data/mnist/${name}.npy`, encodeNpy({ shape, data }));
  const inputs = Uint8Array.from(
    PLACES.flatMap((at) => [0, 1, 2, 3].map((i) => i === at ? 255 : 0)),
  );
  for (const part of ["train", "test"]) {
    await write(`x_${part}`, [PLACES.length, 2, 2], inputs);
    await write(`y_${part}`, [PLACES.length], Uint8Array.from(PLACES));
  }
  const biases = { layer0: { shape: [4], data: new Float32Array(4) } };
  for (const [folder, classes] of [["right", [0, 1, 2, 3]], ["wrong", [1, 0, 2, 3]]] as const) {
    await saveNetwork(storage, `${folder}/final`, network(classes, 5));
    await saveNetwork(storage, `${folder}/initial`, network([3, 3, 3, 3], 1));
    await saveNetwork(storage, `${folder}/final_biases`, biases);
    await saveNetwork(storage, `${folder}/initial_biases`, biases);
  }
  const { record } = await loadHere(storage, "auto", null, () => {});
  const config = {
    network: { layers: LAYERS },
    dataset: { ...record, normalization: "unit", permuteLabels: false },
  } as unknown as RunConfig;
  return { storage, config };
}

const asked = (folder: string, isTrained = true) => ({ folder, isTrained });

Deno.test("asked networks: a run after its training, and as it was before", async () => {
  const { storage, config } = await setUp();
  const networks = new AskedNetworks(storage, () => Promise.resolve(config));
  const answers = await networks.predict([1, 0, 0, 0], [asked("right"), asked("right", false)]);
  assertEquals(answers.map(({ probabilities }) => Math.max(...probabilities)).length, 2);
  assertAlmostEquals(answers[0].probabilities[0], Math.exp(5) / (Math.exp(5) + 3), 1e-9);
  assertAlmostEquals(answers[1].probabilities[3], Math.E / (Math.E + 3), 1e-9);
  assertEquals(await networks.imageShape("right"), {
    ...{ height: 2, width: 2, channels: 1, dataset: config.dataset.name },
  });
});

Deno.test("asked networks: test images on which they disagree, in order, with the truth", async () => {
  const { storage, config } = await setUp();
  const networks = new AskedNetworks(storage, () => Promise.resolve(config));
  const both = [asked("right"), asked("wrong")];
  const all = await networks.disagreements(both, 9);
  assertEquals([all.looked, all.count], [6, 6]);
  assertEquals(all.images, [
    { pixels: [1, 0, 0, 0], label: 0, answers: [0, 1] },
    { pixels: [0, 1, 0, 0], label: 1, answers: [1, 0] },
    { pixels: [0, 1, 0, 0], label: 1, answers: [1, 0] },
  ]);
  assertEquals((await networks.disagreements(both, 1)).images.length, 1);
  assertEquals((await networks.disagreements([asked("right")], 9)).images, []);
});

Deno.test("asked networks: images of another dataset are no test of them", async () => {
  const { storage, config } = await setUp();
  const other = { ...config, dataset: { ...config.dataset, sha256: "another" } };
  const networks = new AskedNetworks(storage, () => Promise.resolve(other));
  await assertRejects(
    () => networks.disagreements([asked("right")], 1),
    InputError,
    "the examples that these networks were trained on are not in this browser",
  );
});
