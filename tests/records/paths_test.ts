import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import * as paths from "../../src/records/paths.ts";

Deno.test("the tree of an experiment", () => {
  const trial = paths.trial("results/mnist-paper", 3);
  assertEquals(trial, "results/mnist-paper/trial3");
  assertEquals(paths.run(trial, 0), "results/mnist-paper/trial3/0");
  assertEquals(
    paths.run(trial, 12, "same_init"),
    "results/mnist-paper/trial3/12/same_init",
  );
  assertEquals(paths.run(trial, 12, "reinit", "7"), "results/mnist-paper/trial3/12/reinit7");
  assertEquals(paths.trial("/", 1), "/trial1");
  assertEquals(paths.trial("", 1), "trial1");
  assertEquals(paths.trial("a/", 1), "a/trial1");
});

Deno.test("the files of a run", () => {
  assertEquals(
    [
      paths.layer(paths.initial("r"), "layer0"),
      paths.final("r"),
      paths.masks("r"),
      paths.layer(paths.maskStep("r", 300), "layer0"),
      paths.initialBiases("r"),
      paths.finalBiases("r"),
      paths.log("r", "train"),
      paths.summaries("r"),
      paths.events("r"),
      paths.metrics("r"),
      paths.record("r"),
    ],
    [
      "r/initial/layer0.npy",
      "r/final",
      "r/masks",
      "r/mask_history/300/layer0.npy",
      "r/initial_biases",
      "r/final_biases",
      "r/train.log",
      "r/summaries",
      "r/summaries/events.out.tfevents.0000000000.lottery",
      "r/metrics.json",
      "r/run.json",
    ],
  );
});

Deno.test("names that would leave their folder or hide in it are refused", () => {
  for (const name of ["..", ".", "../x", "a/b", "/", "a\\b", ".hidden", "a\0", "a\nb", "\x7f"]) {
    assertThrows(() => paths.run("r", 0, name), InputError, "experiment name");
    assertThrows(() => paths.log("r", name), InputError, "log name");
    assertThrows(() => paths.layer("r", name), InputError, "layer name");
  }
  assertThrows(() => paths.run("r", 0, "a", "/../.."), InputError, "holds a slash");
  assertThrows(() => paths.run("r", 0, "..", "a"), InputError, "begins with a dot");
  assertThrows(() => paths.log("r", ""), InputError, 'log name "" is empty');
});

Deno.test("names of a run's own files are refused", () => {
  for (const name of ["masks", "mask_history", "initial", "summaries", "run.json", "train.log"]) {
    assertThrows(() => paths.run("r", 0, name), InputError, `experiment name "${name}"`);
  }
  assertThrows(() => paths.run("r", 0, "fin", "al"), InputError, 'experiment name "final"');
});

Deno.test("trials and levels are integers from 0", () => {
  for (const value of [-1, 1.5, NaN, Infinity, 1e300]) {
    assertThrows(() => paths.trial("r", value), InputError, `trial ${value}`);
    assertThrows(() => paths.run("r", value), InputError, `level ${value}`);
  }
});

Deno.test("whatever the name, a run lies directly in its level or is refused on one line", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary-ascii" }),
      fc.string({ unit: "binary-ascii" }),
      (name, id) => {
        try {
          const parts = paths.run("r", 1, name, id).split("/");
          assertEquals(parts, name + id === "" ? ["r", "1"] : ["r", "1", name + id]);
        } catch (error) {
          assertEquals(error instanceof InputError && !/[\n\r]/.test(error.message), true);
        }
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});
