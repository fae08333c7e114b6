import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import { joinLine, parseArgfile, splitLine } from "../../src/flags/shell_words.ts";

const anyText = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n\0]/.test(text));

Deno.test("splitLine reads what joinLine writes, whatever the arguments hold", () => {
  fc.assert(
    fc.property(fc.array(anyText), (args) => assertEquals(splitLine(joinLine(args), "f:1"), args)),
  );
});

Deno.test("a real shell reads what joinLine writes", async () => {
  const args = [
    "--a=b",
    "two words",
    "it's",
    "",
    "#x",
    "~",
    "$HOME",
    "`id`",
    'a"b',
    "a\\b",
    "*",
    "é",
  ];
  const { stdout } = await new Deno.Command("/usr/bin/env", {
    args: ["sh", "-c", `printf '%s\\n' ${joinLine(args)}`],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), args.map((arg) => `${arg}\n`).join(""));
});

Deno.test("splitLine: quotes and backslashes as in a shell (hand-worked)", () => {
  const cases: [line: string, args: string[]][] = [
    ["--a=1  --b 2\t", ["--a=1", "--b", "2"]],
    [`--dir='my folder'/x`, ["--dir=my folder/x"]],
    [String.raw`"a \"b\" \$c \d" e\ f`, [String.raw`a "b" $c \d`, "e f"]],
    [`'' ""`, ["", ""]],
    ["", []],
  ];
  for (const [line, args] of cases) assertEquals(splitLine(line, "f:1"), args);
});

Deno.test("splitLine: what does not end is named with file, line and column", () => {
  for (const line of ["--a 'b", '--a "b', "--a \\"]) {
    assertThrows(() => splitLine(line, "f.txt:7"), UsageError, "f.txt:7: what begins with ");
    assertThrows(() => splitLine(line, "f.txt:7"), UsageError, "at column 5");
  }
});

Deno.test("parseArgfile: lines keep their numbers; blanks and comments are left out", () => {
  const text = "--a=1\r\n\n# comment --b\n   \n  --c 2\n--d";
  assertEquals(parseArgfile(text, "f"), [
    { line: 1, args: ["--a=1"] },
    { line: 5, args: ["--c", "2"] },
    { line: 6, args: ["--d"] },
  ]);
  assertThrows(() => parseArgfile("--a\n'", "list.txt"), UsageError, "list.txt:2: ");
});
