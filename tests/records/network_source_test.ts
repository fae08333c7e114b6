/**
 * Networks from folders, runs and exported files; those of the original library as NumPy writes
 * them.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { FormatError, InputError, NotFoundError } from "../../src/errors.ts";
import { encodeNpy } from "../../src/formats/npy.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { encodeSafetensors } from "../../src/formats/safetensors.ts";
import type { Tensor } from "../../src/formats/tensor.ts";
import { exportRun } from "../../src/records/exported_run.ts";
import { encodeRecord } from "../../src/records/record.ts";
import { readNetwork } from "../../src/records/network_source.ts";
import { restoreNetwork, saveNetwork } from "../../src/records/save_restore.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { runNumpy } from "../numpy.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const tensor = (shape: number[], ...values: number[]): Tensor => ({
  shape,
  data: Float32Array.from(values),
});

const RUN = {
  initial: { layer0: tensor([1, 2], 0.5, 0) },
  final: { layer0: tensor([1, 2], 1.5, 0) },
  masks: { layer0: tensor([1, 2], 1, 0) },
  initial_biases: { layer0: tensor([2], 0, 0) },
  final_biases: { layer0: tensor([2], 3, 4) },
};

async function runStorage(parts: Record<string, Record<string, Tensor>> = RUN) {
  const storage = new MemoryStorage();
  for (const [part, network] of Object.entries(parts)) {
    await saveNetwork(storage, `run/${part}`, network);
  }
  await storage.write("run/run.json", new TextEncoder().encode('{"config": {}}'));
  return storage;
}

Deno.test("a run is exported to either format, and each of its networks is found again", async () => {
  const storage = await runStorage();
  for (const format of ["safetensors", "npz"] as const) {
    const file = `out.${format}`;
    await storage.write(file, await exportRun(storage, "run", format));
    for (const part of ["initial", "final", "masks"] as const) {
      assertEquals(await readNetwork(storage, file, part), RUN[part], `${part} of ${file}`);
      assertEquals(await readNetwork(storage, "run", part), RUN[part], `${part} of the run`);
      assertEquals(await readNetwork(storage, `run/${part}`, "initial"), RUN[part]);
    }
  }
});

Deno.test("files that name arrays by layer alone are a network", async () => {
  const storage = new MemoryStorage();
  const { layer0 } = RUN.masks;
  await storage.write("a.npz", encodeNpz({ "layer0.npy": encodeNpy(layer0) }));
  await storage.write("a.safetensors", encodeSafetensors({ tensors: { layer0 }, metadata: {} }));
  for (const file of ["a.npz", "a.safetensors"]) {
    assertEquals(await readNetwork(storage, file, "masks"), { layer0 });
  }
});

Deno.test("what is no network, or no mask, is named", async () => {
  const storage = await runStorage();
  const read = (source: string, part: "initial" | "masks" = "masks") =>
    readNetwork(storage, source, part);
  await assertRejects(() => read("nowhere"), NotFoundError, "nowhere does not exist");
  await assertRejects(() => read("nowhere.npz"), NotFoundError, "nowhere.npz does not exist");
  await storage.write("other/x.txt", new Uint8Array());
  await assertRejects(() => read("other"), NotFoundError, "other holds no .npy files");
  await assertRejects(
    () => read("run/final"),
    InputError,
    "run/final/layer0.npy holds 1.5 at [0, 0]",
  );
  await storage.write("bad.npz", new Uint8Array(9));
  await assertRejects(() => read("bad.npz"), FormatError, "bad.npz: not a whole zip archive");
  const strange = { "some/layer0.npy": encodeNpy(RUN.masks.layer0) };
  await storage.write("strange.npz", encodeNpz(strange));
  await assertRejects(
    () => read("strange.npz"),
    FormatError,
    "holds no masks/layer0 or layer0 (its",
  );
});

Deno.test("an array of another layer or shape than the network has is refused before it is unpacked", async () => {
  const storage = new MemoryStorage();
  const layer = { name: "layer0", inputs: 1, units: 2, activation: null, useBias: false } as const;
  const read = (source: string) => readNetwork(storage, source, "masks", parametersOf([layer]));
  const encoded = encodeNpy(tensor([300, 300], ...Array(90000).fill(1)));
  for (
    const [name, message] of [
      [
        "layer0",
        'a.npz: "masks/layer0.npy" has the shape (300, 300) where the network\'s is (1, 2)',
      ],
      ["other", 'a.npz: array of unknown layer "other": the network\'s layers are layer0'],
    ]
  ) {
    const archive = encodeNpz({ [`masks/${name}.npy`]: encoded });
    // Were it unpacked, it would be found damaged: its checksum is wrong, beside the sizes.
    const directory = archive.findLastIndex((_, i) =>
      [0x50, 0x4b, 1, 2].every((byte, j) => archive[i + j] === byte)
    );
    archive[directory + 16] ^= 1;
    await storage.write("a.npz", archive);
    await assertRejects(() => readNetwork(storage, "a.npz", "masks"), FormatError, "is damaged");
    await assertRejects(() => read("a.npz"), InputError, message);
  }
  await storage.write("b.npz", encodeNpz({ "masks/layer0.npy": encodeNpy(RUN.masks.layer0) }));
  assertEquals(await read("b.npz"), RUN.masks);
});

Deno.test("a folder that is not a whole run is not exported", async () => {
  const { final: _final, ...unfinished } = RUN;
  const lacking = await runStorage(unfinished);
  await assertRejects(
    () => exportRun(lacking, "run", "npz"),
    NotFoundError,
    "lacks initial or fin",
  );
  const storage = await runStorage({ ...RUN, masks: { layer0: tensor([2, 1], 1, 1) } });
  await assertRejects(
    () => exportRun(storage, "run", "npz"),
    InputError,
    "run/masks/layer0.npy has the shape (2, 1)",
  );
});

Deno.test("a run of the original library: masks of float64, Fortran order, no biases, no record", async () => {
  const folder = await Deno.makeTempDir(), storage = new DenoStorage();
  try {
    // As its save_network writes them with NumPy; level 0 has an empty folder of masks.
    await runNumpy(
      `
import os, sys
import numpy as np
root = sys.argv[1]
weights = np.array([[.5, 0, -2], [0, .25, 1]], "f4", order="F")
mask = (weights != 0).astype(float)
for level, masks in (("0", {}), ("1", {"layer0": mask})):
    run = f"{root}/{level}/same_init"
    for part, arrays in (("initial", {"layer0": weights}), ("final", {"layer0": weights * 2}), ("masks", masks)):
        os.makedirs(f"{run}/{part}")
        for name, array in arrays.items(): np.save(f"{run}/{part}/{name}.npy", array)
`,
      [folder],
    );
    const level1 = `${folder}/1/same_init`;
    const mask = tensor([2, 3], 1, 0, 1, 0, 1, 1);
    assertEquals(await readNetwork(storage, `${level1}/masks`, "masks"), { layer0: mask });
    assertEquals(await readNetwork(storage, level1, "final"), {
      layer0: tensor([2, 3], 1, 0, -4, 0, 0.5, 2),
    });
    assertEquals(await readNetwork(storage, `${folder}/0/same_init/masks`, "masks"), {});
    await Deno.writeFile(`${folder}/1.npz`, await exportRun(storage, level1, "npz"));
    assertEquals(await readNetwork(storage, `${folder}/1.npz`, "masks"), { layer0: mask });
    await Deno.writeFile(
      `${folder}/0.npz`,
      await exportRun(storage, `${folder}/0/same_init`, "npz"),
    );
    assertEquals(await readNetwork(storage, `${folder}/0.npz`, "masks"), {
      layer0: tensor([2, 3], 1, 1, 1, 1, 1, 1),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("arrays of NumPy in versions 1 and 2 and all its types of numbers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await runNumpy(
      `
import sys
import numpy as np
for name, array in dict(f4=np.array([[1, -2.5]], "<f4"), f8=np.array([[1, -2.5]], "<f8"),
        b1=np.array([[True, False]]), i8=np.array([[3, -4]], "<i8"), big=np.array([[3, -4]], ">i8"),
        fortran=np.array([[1, 2], [3, 4.]], order="F"), scalar=np.array(7.), empty=np.zeros((0, 3))).items():
    for version in ((1, 0), (2, 0)):
        with open(f"{sys.argv[1]}/{name}{version[0]}.npy", "wb") as stream:
            np.lib.format.write_array(stream, array, version=version)
`,
      [folder],
    );
    const found = await restoreNetwork(new DenoStorage(), folder);
    const expected = {
      f4: tensor([1, 2], 1, -2.5),
      f8: tensor([1, 2], 1, -2.5),
      b1: tensor([1, 2], 1, 0),
      i8: tensor([1, 2], 3, -4),
      big: tensor([1, 2], 3, -4),
      fortran: tensor([2, 2], 1, 2, 3, 4),
      scalar: tensor([], 7),
      empty: tensor([0, 3]),
    };
    for (const [name, value] of Object.entries(expected)) {
      assertEquals([found[`${name}1`], found[`${name}2`]], [value, value], name);
    }
    assertEquals(Object.keys(found).length, 2 * Object.keys(expected).length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file that is not as its run's record says is named, and its weights are not used", async () => {
  const storage = await runStorage(), files = new Map<string, Uint8Array>();
  for (const path of ["final/layer0.npy", "masks/layer0.npy"]) {
    files.set(path, await storage.read(`run/${path}`));
  }
  await storage.write("run/run.json", await encodeRecord({ config: {} }, files));
  assertEquals(await readNetwork(storage, "run", "final"), RUN.final);
  const damaged = await storage.read("run/final/layer0.npy");
  damaged[damaged.length - 1] ^= 1;
  await storage.write("run/final/layer0.npy", damaged);
  for (
    const use of [
      () => readNetwork(storage, "run", "final"),
      () => readNetwork(storage, "run/final/", "initial"),
      () => exportRun(storage, "run", "npz"),
    ]
  ) {
    await assertRejects(use, FormatError, "run/final/layer0.npy has changed since it was written");
  }
  assertEquals(await readNetwork(storage, "run", "masks"), RUN.masks);
});
