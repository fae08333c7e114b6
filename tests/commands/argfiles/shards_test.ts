/** No line of an argfile is lost or done twice, however it is divided. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../../src/errors.ts";
import { reinitializeLines } from "../../../src/commands/argfiles/argfiles.ts";
import { linesOf, shard } from "../../../src/commands/argfiles/shards.ts";
import { parseArgfile } from "../../../src/flags/shell_words.ts";

const anyLines = fc.array(fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 3 }), {
  maxLength: 40,
}).map((lines) => lines.map((args, i) => ({ line: i + 1, args })));
const anyCount = fc.integer({ min: 1, max: 20 });

const parts = (lines: Parameters<typeof linesOf>[0], count: number) =>
  Array.from({ length: count }, (_, i) => linesOf(lines, { index: i + 1, count }));
const key = ({ args }: { args: string[] }) => JSON.stringify(args);

Deno.test("property: every line is in one part, and parts are even", () => {
  fc.assert(
    fc.property(anyLines, anyCount, (lines, count) => {
      const all = parts(lines, count);
      const numbers = all.flat().map(({ line }) => line).sort((a, b) => a - b);
      assertEquals(numbers, lines.map(({ line }) => line));
      const sizes = all.map((part) => new Set(part.map(key)).size);
      assert(Math.max(...sizes) - Math.min(...sizes) <= 1, `${sizes}`);
      // Lines that train the same are refused where they meet.
      const places = new Map<string, number>();
      all.forEach((part, i) =>
        part.forEach((line) =>
          assertEquals(places.get(key(line)) ?? i, (places.set(key(line), i), i))
        )
      );
    }),
  );
});

Deno.test("property: the order of the file changes no part", () => {
  fc.assert(
    fc.property(anyLines, anyCount, fc.infiniteStream(fc.nat()), (lines, count, chances) => {
      const keyed = lines.map((line) => [chances.next().value as number, line] as const);
      const shuffled = keyed.sort(([a], [b]) => a - b).map(([, line]) => line);
      const sets = (all: ReturnType<typeof parts>) => all.map((part) => part.map(key).sort());
      assertEquals(sets(parts(shuffled, count)), sets(parts(lines, count)));
    }),
  );
});

Deno.test("each part has its share of every trial and level", () => {
  const text = [...reinitializeLines({
    ...{ experimentPath: "e", experimentName: "same_init", experiments: ["reinit", "reuse"] },
    ...{ trials: [1, 2], levels: [0, 1, 2, 10], runs: [1, 2, 3, 4, 5, 6, 7, 8], flags: [] },
  })].join("\n");
  const lines = parseArgfile(text, "f");
  for (const part of parts(lines, 4)) {
    const groups = Map.groupBy(part, ({ args }) => /trial\d+\/\d+\/[a-z]+/.exec(args[1])![0]);
    assertEquals([...groups.values()].map((group) => group.length), Array(16).fill(2));
  }
});

Deno.test("a part is one of those that there are", () => {
  const { parse } = shard({ help: "" });
  assertEquals(parse("3/16", "--shard"), { index: 3, count: 16 });
  assertEquals(parse("1/1", "--shard"), { index: 1, count: 1 });
  for (const text of ["", "3", "0/4", "5/4", "1/0", "-1/4", "1.5/4", "1/4/2", "a/b", "1/1e9"]) {
    assertThrows(() => parse(text, "--shard"), UsageError, "--shard expects a part of N");
  }
});
