/** `--augment` as it is read, written and refused. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compareFlags } from "../../src/commands/flags/compare_flags.ts";
import { reinitializeFlags } from "../../src/commands/flags/reinitialize_flags.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { trainRunner } from "../../src/commands/train.ts";
import type { AugmentName } from "../../src/engine/examples/augment.ts";
import { UsageError } from "../../src/errors.ts";
import { type FlagSet, toArgs } from "../../src/flags/flags.ts";
import { parseFlags } from "../../src/flags/parse.ts";
import { resolveProtocol } from "../../src/commands/flags/resolve_protocol.ts";

const read = (...args: string[]) => parseFlags(args, runFlags);

Deno.test("one or both, in any order; none; off where it is not given", () => {
  const cases: [string[], AugmentName[]][] = [
    [[], []],
    [["--augment=crop"], ["crop"]],
    [["--augment", "flip"], ["flip"]],
    [["--augment=flip,crop"], ["crop", "flip"]],
    [["--augment=['flip', 'crop']"], ["crop", "flip"]],
    [["--augment=none"], []],
    [["--augment=None"], []],
  ];
  for (const [args, expected] of cases) {
    assertEquals(resolveProtocol(read(...args)).augment, expected, args.join(" "));
  }
  for (const args of [[], ["--augment=crop,flip"], ["--augment=none"]]) {
    assertEquals(toArgs(read(...args), runFlags), args);
  }
});

Deno.test("other words, and a word that is given twice, are refused in one line", () => {
  const cases: [string, RegExp][] = [
    ["turn", /^--augment expects a list of crop, flip, or none, not "turn"; the nearest is \w+$/],
    ["crop,crop", /^--augment names crop twice; name it once$/],
    ["crop,none", /^--augment expects a list of crop, flip, or none, not "none"/],
    ["", /^--augment expects a list of crop, flip, or none, not ""$/],
    ["Crop", /^--augment expects .* not "Crop"; the nearest is crop$/],
  ];
  for (const [text, pattern] of cases) {
    const error = assertThrows(() => read(`--augment=${text}`), UsageError);
    assertMatch(error.message, pattern);
  }
});

Deno.test("every task that trains by flags has it", () => {
  const tasks: FlagSet[] = [runFlags, compareFlags, reinitializeFlags, trainRunner.flags];
  for (const flags of tasks) assertEquals(flags.augment.choices, ["crop", "flip", "none"]);
});
