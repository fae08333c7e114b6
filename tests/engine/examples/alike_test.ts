import { assert, assertEquals } from "@std/assert";
import { NonzeroWords } from "../../../src/engine/examples/alike.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";

/** (count, words) of which some are 0. */
function rowsOf(count: number, words: number, isZero: (i: number, w: number) => boolean) {
  return Uint32Array.from(
    { length: count * words },
    (_, at) => isZero(Math.floor(at / words), at % words) ? 0 : 1 << at % 32,
  );
}

Deno.test("examples with zeros at the same places become neighbours", () => {
  const kinds = 8, each = 12, words = 70, random = new RandomStream(seedKey(1));
  const patterns = Array.from(
    { length: kinds },
    () => Array.from({ length: words }, () => random.uniform() < 0.5),
  );
  const rows = rowsOf(kinds * each, words, (i, w) => patterns[i % kinds][w]);
  const order = NonzeroWords.of(rows, words).order(
    "all",
    () => Uint32Array.from({ length: kinds * each }, (_, i) => i),
  );
  assertEquals([...order].sort((a, b) => a - b), Array.from(order, (_, i) => i));
  for (let tile = 0; tile < kinds; tile++) {
    const some = new Set([...order.subarray(tile * each, (tile + 1) * each)].map((i) => i % kinds));
    assertEquals(some.size, 1, `tile ${tile} holds ${[...some]}`);
  }
});

Deno.test("some of the examples are ordered by their places among all", () => {
  // Even examples have only their first word, odd ones the rest.
  const words = 33, rows = rowsOf(20, words, (i, w) => (w === 0) !== (i % 2 === 0));
  const some = Uint32Array.of(19, 2, 7, 4, 3, 6);
  const order = NonzeroWords.of(rows, words).order("some", () => some);
  const parities = [...order].map((index) => some[index] % 2);
  assertEquals(new Set(order).size, some.length);
  assertEquals(new Set([parities.slice(0, 3).join(), parities.slice(3).join()]).size, 2);
});

Deno.test("examples that are all alike, and none, keep their order", () => {
  const alike = NonzeroWords.of(rowsOf(5, 3, () => false), 3);
  assertEquals([...alike.order("all", () => Uint32Array.of(0, 1, 2, 3, 4))], [0, 1, 2, 3, 4]);
  assert(alike.order("none", () => new Uint32Array()).length === 0);
});
