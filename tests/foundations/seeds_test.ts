import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { type Purpose, runKey } from "../../src/foundations/seeds.ts";

const PURPOSES: Purpose[] = ["init", "split", "order", "reinit", "labels", "data"];

Deno.test("keys stay what they are: a seed means the same run for ever", () => {
  // From an implementation of Philox4x32-10 in Python that gives Random123's known answers.
  const expected: [Purpose, number, number][] = [
    ["init", 274248179, 3289512593],
    ["split", 21207228, 3244513481],
    ["order", 2315232785, 4173071383],
    ["reinit", 648343937, 48250015],
    ["labels", 3462928271, 2580132193],
    ["data", 3189076896, 2440194922],
  ];
  for (const [purpose, ...key] of expected) {
    assertEquals(
      [...runKey({ seed: 1, purpose, trial: 2, level: 3, run: 4, layer: 5 })],
      key,
      purpose,
    );
  }
  assertEquals(
    [...runKey({ seed: Number.MAX_SAFE_INTEGER, purpose: "init" })],
    [787168847, 1693240409],
  );
});

Deno.test("different coordinates give different keys", () => {
  const keys = new Set<string>(), range = [0, 1, 2];
  for (const purpose of PURPOSES) {
    for (const seed of range) {
      for (const trial of range) {
        for (const level of range) {
          for (const run of range) {
            for (const layer of range) {
              keys.add(runKey({ seed, purpose, trial, level, run, layer }).join());
            }
          }
        }
      }
    }
  }
  assertEquals(keys.size, PURPOSES.length * 3 ** 5);
});

Deno.test("seeds and coordinates that are not integers in range are refused", () => {
  for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => runKey({ seed, purpose: "init" }), InputError, `seed ${seed}`);
  }
  assertThrows(() => runKey({ seed: 0, purpose: "init", trial: -1 }), InputError, "trial -1");
  assertThrows(() => runKey({ seed: 0, purpose: "init", layer: 2 ** 32 }), InputError, "layer");
});
