/** A first layer's kernels from the files of a run. */

import { assertEquals, assertRejects } from "@std/assert";
import { InputError, StorageError } from "../../../src/errors.ts";
import { encodeNpy } from "../../../src/formats/npy.ts";
import { networkLayers } from "../../../src/models/layers.ts";
import { parseHidden } from "../../../src/models/hidden_layers.ts";
import type { RunConfig } from "../../../src/runs/schema.ts";
import { MemoryStorage } from "../../../src/storage/memory.ts";
import { firstKernels } from "../../../src/web/stored/stored_kernels.ts";

const configOf = (hidden: string, shape: number[]) =>
  ({ network: { layers: networkLayers(parseHidden(hidden), shape, 10) } }) as unknown as RunConfig;

const write = (storage: MemoryStorage, part: string, shape: number[], values: number[]) =>
  storage.write(`run/${part}/layer0.npy`, encodeNpy({ shape, data: Float32Array.from(values) }));

Deno.test("kernels: the first layer's values before and after, and what is left", async () => {
  const storage = new MemoryStorage(), shape = [1, 2, 3, 1];
  await write(storage, "initial", shape, [1, 2, 3, 4, 5, 6]);
  await write(storage, "final", shape, [0, 9, 8, 7, 6, 5]);
  await write(storage, "masks", shape, [0, 1, 1, 1, 1, 1]);
  const config = configOf("conv1x2:1,pool,8", [4, 4, 3]);
  const { initial, final, mask, ...size } = (await firstKernels(storage, "run", config))!;
  assertEquals(size, { folder: "run", height: 1, width: 2, channels: 3, filters: 1 });
  assertEquals([initial[5], final[0], [...mask]], [6, 0, [0, 1, 1, 1, 1, 1]]);
});

Deno.test("kernels: none of a dense network; files that are not the network's are named", async () => {
  const storage = new MemoryStorage();
  assertEquals(await firstKernels(storage, "run", configOf("30", [4, 4])), null);
  const config = configOf("conv3x3:2,8", [4, 4]);
  await assertRejects(() => firstKernels(storage, "run", config), StorageError, "initial/layer0");
  for (const part of ["initial", "final", "masks"]) await write(storage, part, [2], [1, 2]);
  await assertRejects(
    () => firstKernels(storage, "run", config),
    InputError,
    "run/initial/layer0.npy has the shape",
  );
});
