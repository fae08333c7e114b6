import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  destroyExamples,
  type GivenExamples,
  type Gpu,
  type Normalization,
  uploadExamples,
} from "../../../src/engine/mod.ts";
import { CapacityError, InputError } from "../../../src/errors.ts";
import { openTestGpu } from "../gpu.ts";

const gpu = await openTestGpu();

Deno.test("uploadExamples: examples that do not fit are refused with how many do", async () => {
  const limits = { maxBufferSize: 2000, maxStorageBufferBindingSize: 1000 };
  const small: Gpu = Object.create(gpu, { device: { value: { limits } } });
  const floats = {
    inputs: new Float32Array(6 * 60),
    labels: new Uint8Array(60),
    count: 60,
    features: 6,
  };
  const bytes = {
    ...floats,
    inputs: new Uint8Array(6 * 126),
    labels: new Uint8Array(126),
    count: 126,
  };
  const refusals: [GivenExamples, RegExp][] = [
    [
      floats,
      /^60 examples of 6 floats take 1\.92 kB, .* at most 1 kB .* at most 31 of them, or pixels/,
    ],
    [bytes, /^126 examples of 6 bytes take 1\.01 kB, .* use at most 125 of them$/],
  ];
  for (const [examples, pattern] of refusals) {
    const error = await assertRejects(() => uploadExamples(small, examples, "unit"), CapacityError);
    assertMatch(error.message, pattern);
  }
});

Deno.test("uploadExamples: refuses empty sets and arrays of the wrong length", async () => {
  const good = { inputs: new Uint8Array(6), labels: new Uint8Array(2), count: 2, features: 3 };
  const bad: [Partial<GivenExamples>, string][] = [
    [{ inputs: new Uint8Array(), labels: new Uint8Array(), count: 0 }, "0 examples of 3 values"],
    [{ inputs: new Uint8Array(), features: 0 }, "2 examples of 0 values"],
    [{ count: NaN }, "NaN examples"],
    [
      { inputs: new Uint8Array(5) },
      "5 values and 2 labels for 2 examples of 3 values; pass 6 and 2",
    ],
    [{ labels: new Uint8Array(3) }, "6 values and 3 labels"],
    [{ labels: [0, 256] }, "dataset labels: example 1 has the label 256"],
    [{ inputs: [0, 0, 0, 0, 0, NaN] }, "dataset inputs: example 1 has NaN at feature 2"],
    [{ inputs: Uint16Array.of(0, 0, 0, 256, 0, 0) }, "example 1 has 256 at feature 0"],
  ];
  for (const [part, message] of bad) {
    await assertRejects(
      () => uploadExamples(gpu, { ...good, ...part }, "unit"),
      InputError,
      message,
    );
  }
  const l2 = "L2" as Normalization;
  await assertRejects(
    () => uploadExamples(gpu, good, l2),
    InputError,
    "normalization L2 is unknown",
  );
  const plain = await uploadExamples(gpu, { ...good, labels: [4, 1] }, "unit");
  assertEquals([plain.classes, plain.isPacked], [5, true]);
  destroyExamples(plain);
  const uploaded = await uploadExamples(gpu, { ...good, labels: Uint8Array.of(4, 1) }, "unit");
  assertEquals([uploaded.count, uploaded.features, uploaded.classes], [2, 3, 5]);
  assert(!uploaded.isFloat);
  destroyExamples(uploaded);
});
