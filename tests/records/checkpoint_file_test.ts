import { assertEquals, assertStringIncludes } from "@std/assert";
import type { DenseSpec } from "../../src/engine/layer_spec.ts";
import type { TrainingState } from "../../src/engine/mod.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  historyOf,
  stateOf,
} from "../../src/records/checkpoint_file.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const LAYERS: DenseSpec[] = [
  { name: "layer0", inputs: 2, units: 3, activation: "relu", useBias: true },
  { name: "layer1", inputs: 3, units: 1, activation: null, useBias: false },
];
const ADAPTER = { name: "none", vendor: "", architecture: "", isSoftware: true };
const HEADER = {
  config: { seed: 1 },
  start: "abc",
  kernels: "sparse" as const,
  adapters: [{ iteration: 0, adapter: ADAPTER }],
};

/** A state whose numbers need all their bits. */
function state(): TrainingState {
  let n = 0;
  const values = ({ inputs, units }: DenseSpec) => ({
    weights: Float32Array.from({ length: inputs * units }, () => Math.fround(Math.sin(++n))),
    biases: Float32Array.from({ length: units }, () => -0 * ++n),
  });
  return {
    iteration: 7,
    layers: LAYERS.map((layer) => ({
      ...values(layer),
      optimizer: [values(layer), values(layer)],
    })),
    curves: {
      train: Float64Array.of(6, 1 / 3, 0.1, 7, 2e-300, 1),
      validate: Float64Array.of(5, Math.PI, 2 / 3),
      test: new Float64Array(),
    },
  };
}

Deno.test("a checkpoint gives back the very state", async () => {
  const checkpoint = await decodeCheckpoint(await encodeCheckpoint(HEADER, state())) as Checkpoint;
  assertEquals(checkpoint.header.config, { seed: 1 });
  assertEquals(checkpoint.header.adapters, HEADER.adapters);
  assertEquals(checkpoint.header.kernels, "sparse");
  assertEquals(stateOf(checkpoint, parametersOf(LAYERS), 2), state());
});

Deno.test("a checkpoint of a run whose masks change holds these too", async () => {
  const history = [
    { iteration: 0, bits: [Uint8Array.of(0b111111), Uint8Array.of(0b101)] },
    { iteration: 5, bits: [Uint8Array.of(0b100010), Uint8Array.of(0b100)] },
  ];
  const bytes = await encodeCheckpoint(HEADER, state(), history);
  const checkpoint = await decodeCheckpoint(bytes) as Checkpoint, parameters = parametersOf(LAYERS);
  assertEquals(checkpoint.header.masks, [0, 5]);
  assertEquals(stateOf(checkpoint, parameters, 2), state());
  assertEquals(historyOf(checkpoint, parameters), history);
  assertEquals(stateOf(checkpoint, parameters, 1), null);
  const without = await decodeCheckpoint(await encodeCheckpoint(HEADER, state())) as Checkpoint;
  assertEquals([historyOf(without, parameters), without.header.masks], [null, undefined]);
});

Deno.test("a checkpoint holds the masks of very many updates", async () => {
  const bits = [Uint8Array.of(0b111111), Uint8Array.of(0b101)];
  const history = Array.from({ length: 100_000 }, (_, iteration) => ({ iteration, bits }));
  const bytes = await encodeCheckpoint(HEADER, state(), history);
  const before = await encodeCheckpoint(HEADER, state(), history.slice(0, 1));
  const lineOf = (bytes: Uint8Array) => bytes.indexOf("\n".charCodeAt(0));
  assertEquals(bytes.length - lineOf(bytes) - (before.length - lineOf(before)), 2 * 99_999);
});

Deno.test("a state of another shape is none", async () => {
  const checkpoint = await decodeCheckpoint(await encodeCheckpoint(HEADER, state())) as Checkpoint;
  assertEquals(stateOf(checkpoint, parametersOf(LAYERS), 1), null);
  assertEquals(stateOf(checkpoint, parametersOf(LAYERS.slice(1)), 2), null);
});

Deno.test("every changed bit, every cut and every added byte is noticed", async () => {
  const bytes = await encodeCheckpoint(HEADER, state());
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1 << i % 8;
    assertEquals(typeof await decodeCheckpoint(changed), "string", `byte ${i}`);
    assertEquals(typeof await decodeCheckpoint(bytes.slice(0, i)), "string", `cut at ${i}`);
  }
  assertEquals(typeof await decodeCheckpoint(Uint8Array.of(...bytes, 0)), "string");
});

Deno.test("sums in parts belong to whole matrices", async () => {
  const parts = { ...HEADER, forwardParts: 4 };
  const dense = await encodeCheckpoint({ ...parts, kernels: "dense" }, state());
  assertEquals((await decodeCheckpoint(dense) as Checkpoint).header.forwardParts, 4);
  const sparse = await encodeCheckpoint({ ...parts, kernels: "sparse" }, state());
  assertEquals(
    await decodeCheckpoint(sparse),
    "has sums in parts, which kernels on lists of live weights do not make",
  );
});

Deno.test("what is no checkpoint at all is said to be none", async () => {
  for (const text of ["", "\n", "null\n", "3\n", "[]\n", "{}\n", "x".repeat(2_000_000)]) {
    const outcome = await decodeCheckpoint(new TextEncoder().encode(text));
    assertStringIncludes(outcome as string, "is not a checkpoint");
  }
});
