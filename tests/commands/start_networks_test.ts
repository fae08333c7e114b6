import { assertEquals } from "@std/assert";
import { saveNetwork } from "../../src/records/save_restore.ts";
import { readMasks, readPresets } from "../../src/commands/runner.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const layers = ["layer0", "layer1"].map((name) => ({
  ...{ name, inputs: 1, units: 2, activation: null, useBias: true },
}));
const mask = (...values: number[]) => ({ shape: [1, 2], data: Float32Array.from(values) });

/** Reads from folders, and gives the notices that came of it too. */
async function read(folders: Record<string, Parameters<typeof saveNetwork>[2]>) {
  const storage = new MemoryStorage(), notices: string[] = [];
  for (const [name, network] of Object.entries(folders)) await saveNetwork(storage, name, network);
  const context = { storage, events: { onNotice: (line: string) => notices.push(line) } };
  return {
    notices,
    masks: (...sources: string[]) => readMasks(context, sources, parametersOf(layers)),
    presets: (source?: string) => readPresets(context, source, parametersOf(layers)),
  };
}

Deno.test("masks and presets of every layer go without a word", async () => {
  const whole = { layer0: mask(1, 0), layer1: mask(0, 1) };
  const { notices, masks, presets } = await read({ a: whole });
  assertEquals([await masks("a"), await masks("a", "a")], [whole, whole]);
  assertEquals([await presets("a"), await presets()], [whole, null]);
  assertEquals([await masks(), notices], [null, []]);
});

Deno.test("layers that masks or presets lack are told", async () => {
  const { notices, masks, presets } = await read({
    a: { layer0: mask(1, 0) },
    b: { layer0: mask(0, 0), layer1: mask(0, 1) },
  });
  assertEquals(await masks("a"), { layer0: mask(1, 0) });
  assertEquals(await masks("a", "b"), { layer0: mask(1, 0), layer1: mask(0, 1) });
  assertEquals(await presets("a"), { layer0: mask(1, 0) });
  assertEquals(notices, [
    "a has no mask of layer1: not pruned there",
    "a has no mask of layer1: the other masks decide there",
    "a has no weights of layer1: these start at random",
  ]);
});

Deno.test("the masks of a run that is not pruned are none; beside others that is told", async () => {
  const { notices, masks } = await read({
    "run/masks": {},
    "run/initial": { layer0: mask(3, 4) },
    b: { layer0: mask(0, 1), layer1: mask(0, 1) },
  });
  assertEquals([await masks("run"), notices], [null, []]);
  assertEquals((await masks("run", "b"))?.layer0, mask(0, 1));
  assertEquals(notices, ["run has no mask of layer0, layer1: the other masks decide there"]);
});
