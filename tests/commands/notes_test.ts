import { assertEquals } from "@std/assert";
import { pruningNotes, trainingNotes } from "../../src/commands/notes.ts";
import type { RunSettings } from "../../src/runs/schema.ts";

Deno.test("notes: layers that lose nothing, intervals that are longer than a run", () => {
  const layer = (name: string, inputs: number, units: number) => ({
    ...{ name, inputs, units, activation: null, useBias: true },
  });
  const settings = {
    network: { layers: [layer("layer0", 784, 30), layer("layer1", 30, 10)] },
    training: { iterations: 40, testInterval: 40, validateInterval: 40 },
  } as RunSettings;
  const pruning = (layer0: number, layer1: number, levels = 3) =>
    pruningNotes(settings, { levels, prunePercents: { layer0, layer1 } }).map(([, text]) => text);
  assertEquals(pruning(0.2, 0.1), []);
  assertEquals(pruning(0.2, 0.001), [
    "layer1 loses no weights: --prune-percents take 0.001 of its 300",
  ]);
  assertEquals(pruning(0, 0.001), [
    "nothing is pruned: --prune-percents take no weight of any layer",
  ]);
  assertEquals(pruning(0, 0, 0), []);
  const training = (changes: Partial<RunSettings["training"]>, validationSize = 10) =>
    trainingNotes({
      ...settings,
      training: { ...settings.training, ...changes },
      dataset: { ...settings.dataset, validationSize },
    }).map(([, text]) => text);
  assertEquals(training({}), []);
  assertEquals(training({ testInterval: 41 }), [
    "evaluated only at the start and the end: --test-interval 41 is longer than a run",
  ]);
  assertEquals(training({ testInterval: 100, validateInterval: 50 }), [
    "evaluated only at the start and the end: --test-interval 100 and --validate-interval 50 are " +
    "longer than a run",
  ]);
  assertEquals(training({ validateInterval: 50 }, 0), []);
});
