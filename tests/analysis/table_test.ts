import { assertEquals } from "@std/assert";
import { formatTable } from "../../src/analysis/table.ts";

Deno.test("formatTable: columns as wide as their widest cell, aligned as asked", () => {
  assertEquals(
    formatTable(
      ["run", "weights %", "accuracy %"],
      [["level 0", "100.0", "98.05"], ["level 10", "10.8", "98.21"], ["reinit", "10.8", "—"]],
      "l",
    ),
    [
      "run       weights %  accuracy %",
      "────────  ─────────  ──────────",
      "level 0       100.0       98.05",
      "level 10       10.8       98.21",
      "reinit         10.8           —",
    ].join("\n"),
  );
});

Deno.test("formatTable: no rows; no spaces at the end of a line", () => {
  assertEquals(formatTable(["a", "bc"], []), "a  bc\n─  ──");
  assertEquals(formatTable(["a", "bcd"], [["1", "x"]], "rl"), "a  bcd\n─  ───\n1  x");
});
