import { assertEquals, assertThrows } from "@std/assert";
import { expandWgsl } from "../../../src/engine/kernels/wgsl.ts";

const expand = (lines: string[], constants: Record<string, number> = {}) =>
  expandWgsl(lines.join("\n"), constants).split("\n");

Deno.test("wgsl: the constants stand at the head, and their bare numbers for ${NAME}", () => {
  assertEquals(expand(["let a = ${ROWS};", "let b = ROWS;"], { ROWS: 3, LANES: 8 }), [
    "const ROWS: u32 = 3u;",
    "const LANES: u32 = 8u;",
    "let a = 3;",
    "let b = ROWS;",
  ]);
});

Deno.test("wgsl: a block is repeated, nested ones for each turn of the outer", () => {
  const lines = [
    "#for r in 2",
    "  #for v in 3",
    "a_${r}_${v};",
    "  #end",
    "b_${r};",
    "#end",
    "end",
  ];
  assertEquals(expand(lines), [
    ...["a_0_0;", "a_0_1;", "a_0_2;", "b_0;"],
    ...["a_1_0;", "a_1_1;", "a_1_2;", "b_1;"],
    "end",
  ]);
});

Deno.test("wgsl: counts are numbers or names, and may be 0", () => {
  assertEquals(expand(["#for i in N", "${i}", "#end"], { N: 2 }), ["const N: u32 = 2u;", "0", "1"]);
  assertEquals(expand(["#for i in N", "${i}", "#end"], { N: 0 }), ["const N: u32 = 0u;"]);
  assertEquals(expand(["x", "#for i in 0", "#for j in 2", "y", "#end", "#end"]), ["x"]);
});

Deno.test("wgsl: an inner variable hides an outer one of its name only inside", () => {
  const lines = ["#for i in 2", "#for i in 1", "in ${i}", "#end", "out ${i}", "#end"];
  assertEquals(expand(lines), ["in 0", "out 0", "in 0", "out 1"]);
});

Deno.test("wgsl: unknown names and open blocks are refused by name", () => {
  assertThrows(() => expand(["${NOPE}"]), Error, "unknown name NOPE");
  assertThrows(() => expand(["#for i in NOPE", "#end"]), Error, "unknown name NOPE");
  assertThrows(() => expand(["#for i in 1", "${i}", "#end", "${i}"]), Error, "unknown name i");
  assertThrows(() => expand(["  #for i in 2", "x"]), Error, '"#for i in 2" has no #end');
  assertThrows(() => expand(["#for i in 2", "#for j in 2", "#end"]), Error, "#for i in 2");
});
