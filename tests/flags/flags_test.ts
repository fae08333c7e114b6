import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import * as kinds from "../../src/flags/kinds.ts";
import * as lists from "../../src/flags/lists.ts";
import { type FlagSet, nearest, toArgs } from "../../src/flags/flags.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { withTasksOfFlag } from "../../src/commands/mod.ts";
import { parseFlags, UnknownFlagError } from "../../src/flags/parse.ts";
import { helpText } from "../../src/flags/help.ts";
import { flags, help } from "./some_flags.ts";

Deno.test("parseFlags: a flag's other name", () => {
  const flags = { folder: kinds.path({ help: "where", alias: "otherName" }) };
  for (const args of [["--other-name", "x"], ["--other_name=x"], ["--folder=x"]]) {
    assertEquals(parseFlags(args, flags).folder, "x");
  }
  assertEquals(toArgs({ folder: "x" }, flags), ["--folder=x"]);
  assertThrows(
    () => parseFlags(["--folder=x", "--other-name=y"], flags),
    UsageError,
    "given twice",
  );
  assertStringIncludes(helpText("t", "s", flags, []), "where; --other-name is the same");
});

Deno.test("an unknown flag of other tasks: they are named", () => {
  const error = new UnknownFlagError("--places", "--replicas");
  const named = withTasksOfFlag(error) as UnknownFlagError;
  assertEquals(
    named.message,
    'unknown flag "--places"; random-sparsity has it; the nearest is --replicas (--help lists all)',
  );
  const both = withTasksOfFlag(new UnknownFlagError("--one_shot", "--json")) as UnknownFlagError;
  assertMatch(both.message, /; run-lottery has it; /);
  const none = new UnknownFlagError("--nowhere", "--json");
  assertEquals((withTasksOfFlag(none) as UnknownFlagError).message, none.message);
  const other = new UsageError("another");
  assertEquals(withTasksOfFlag(other), other);
});

Deno.test("words: some of a few, each once; a wrong one is named with the nearest", () => {
  const some = { kinds: lists.words({ help, words: ["reinit", "reuse", "reuse_sign"] }) };
  assertEquals(parseFlags(["--kinds=reuse,reinit,reuse"], some).kinds, ["reuse", "reinit"]);
  assertEquals(toArgs({ kinds: ["reuse_sign", "reinit"] }, some), ["--kinds=reuse_sign,reinit"]);
  const error = assertThrows(() => parseFlags(["--kinds=reinit,resuse"], some), UsageError);
  assertStringIncludes(error.message, 'not "resuse"; the nearest is reuse');
});

Deno.test("nearest: fewest edits, the first of equals", () => {
  // Hand-worked: kitten -> sitting takes 3 edits, kitten -> mitten takes 1.
  assertEquals(nearest("kitten", ["sitting", "mitten", "bitten"]), "mitten");
  assertEquals(nearest("", ["abc", "a"]), "a");
});

/** Arguments that look like real ones often enough to reach every branch. */
const words = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    ...Object.keys(runFlags).map((key) =>
      `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`
    ),
  ),
  fc.constantFrom("--no-json", "--", "-", "--=", "=", "1-5", "1,3-5", "epochs:3", "300,100", "-1"),
  fc.tuple(
    fc.constantFrom("--seed", "--layers", "--trials", "--prune-percents", "--training-len"),
    fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9a-z:=.,-]{0,8}$/)),
  ).map(([name, value]) => `${name}=${value}`),
  fc.integer().map(String),
  fc.double().map(String),
);

Deno.test("parseFlags: any arguments give values or a one-line UsageError", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 6 }), (args) => {
      try {
        const values = parseFlags(args, runFlags);
        assertEquals(Object.keys(values), Object.keys(runFlags));
        assert(Number.isSafeInteger(values.seed) && values.seed >= 0);
        // The written arguments parse to the same values.
        assertEquals(parseFlags(toArgs(values, runFlags), runFlags), values);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        assert(error.message.length < 400 && !/\p{Cc}/u.test(error.message), error.message);
      }
    }),
    { seed: 1, numRuns: 5000 },
  );
});

Deno.test("toArgs: what differs from the defaults, and parses back to the same values", () => {
  assertEquals(toArgs(parseFlags([], flags), flags), []);
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer({ min: 0, max: 10 }),
        rate: fc.double({ min: 1e-300, max: 1, noNaN: true }),
        json: fc.boolean(),
        control: fc.boolean(),
        trials: fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1 }),
        layers: fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1 }),
        epochs: fc.integer({ min: 1, max: 1e9 }),
        layer0: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      ({ epochs, layer0, trials, ...simple }) => {
        const values = {
          ...parseFlags([], flags),
          ...simple,
          trials: trials.sort((a, b) => a - b),
          trainingLen: { epochs },
          prunePercents: { layer0: layer0 + 0 },
        };
        assertEquals(parseFlags(toArgs(values, flags), flags), values);
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("helpText: usage, every flag under its heading, no line over 100 columns", () => {
  const set: FlagSet = {
    outputDir: kinds.path({ help: "where files go", group: "Output" }),
    seed: kinds.integer({ help: "fixes all choices", default: 5, group: "Experiment" }),
    control: kinds.boolean({ help: "leave it out", default: true, group: "Output" }),
    dataset: kinds.choice({ help: "a long story ".repeat(20).trim(), choices: ["a", "b"] }),
  };
  const text = helpText("run-lottery", "Find tickets.", set, ["deno task run-lottery --seed 1"]);
  assertEquals(
    text.split("\n").slice(0, 10),
    [
      "Usage: deno task run-lottery [flags]",
      "",
      "Find tickets.",
      "",
      "Output:",
      "  --output-dir PATH             where files go",
      "  --no-control                  leave it out",
      "",
      "Experiment:",
      "  --seed N                      fixes all choices (default: 5)",
    ],
  );
  assertStringIncludes(text, "  --dataset a|b ");
  assert(text.endsWith("Examples:\n  deno task run-lottery --seed 1"));
  for (const line of helpText("t", "S.", runFlags, []).split("\n")) {
    assert(line.length <= 100, `"${line}" has ${line.length} columns`);
  }
});

Deno.test("declarations carry the limits that a form needs", () => {
  assertEquals([flags.seed.min, flags.seed.max], [0, 10]);
  assertEquals([flags.rate.min, flags.rate.max], [0, 1]);
  assertEquals(flags.protocol.choices, ["quick", "paper"]);
  assertEquals(flags.layers.format([300, 100]), "300,100");
  assertEquals(flags.trials.format([1, 2, 3, 5, 7, 8]), "1-3,5,7-8");
});
