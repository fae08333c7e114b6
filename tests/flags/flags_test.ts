import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import * as kinds from "../../src/flags/kinds.ts";
import { layers } from "../../src/commands/flags/layers_flag.ts";
import * as lists from "../../src/flags/lists.ts";
import { type FlagSet, nearest, toArgs } from "../../src/flags/flags.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { withTasksOfFlag } from "../../src/commands/mod.ts";
import { parseArguments, parseFlags, UnknownFlagError } from "../../src/flags/parse.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { helpText } from "../../src/flags/help.ts";

const help = "for tests";
const flags = {
  outputDir: kinds.path({ help }),
  name: kinds.string({ help, default: "n" }),
  seed: kinds.integer({ help, min: 0, max: 10, default: 3 }),
  any: kinds.integer({ help }),
  replicas: kinds.orAuto(kinds.integer({ help, min: 1 })),
  rate: kinds.number({ help, above: 0, max: 1 }),
  protocol: kinds.choice({ help, choices: ["quick", "paper"], default: "quick" }),
  json: kinds.boolean({ help }),
  control: kinds.boolean({ help, default: true }),
  trials: lists.intRanges({ help, min: 1, max: 100 }),
  trainingLen: lists.length({ help }),
  prunePercents: lists.percents({ help }),
  layers: layers({ help, default: [300, 100] }),
  masks: lists.list({ help }),
};

function refuses(args: string[], ...mentions: string[]) {
  const error = assertThrows(() => parseFlags(args, flags), UsageError);
  for (const mention of mentions) assertStringIncludes(error.message, mention);
  assert(!/[\n\r]/.test(error.message), "the message has one line");
}

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

Deno.test("parseFlags: defaults when nothing is given", () => {
  const values = parseFlags([], flags);
  assertEquals(values, {
    outputDir: undefined,
    name: "n",
    seed: 3,
    any: undefined,
    replicas: "auto",
    rate: undefined,
    protocol: "quick",
    json: false,
    control: true,
    trials: undefined,
    trainingLen: undefined,
    prunePercents: undefined,
    layers: [300, 100],
    masks: undefined,
  });
  // The static types follow from the declarations: these lines are checked by the compiler.
  const protocol: "quick" | "paper" = values.protocol;
  const seed: number = values.seed;
  const outputDir: string | undefined = values.outputDir;
  const replicas: number | "auto" = values.replicas;
  assertEquals([protocol, seed, outputDir, replicas], ["quick", 3, undefined, "auto"]);
});

Deno.test("parseFlags: --flag value, --flag=value, --flag and --no-flag", () => {
  const values = parseFlags(
    ["--output-dir", "a b", "--seed=7", "--json", "--no-control", "--any", "-5", "--name=--x=y"],
    flags,
  );
  assertEquals(values.outputDir, "a b");
  assertEquals(values.seed, 7);
  assertEquals(values.any, -5);
  assertEquals(values.json, true);
  assertEquals(values.control, false);
  assertEquals(values.name, "--x=y");
  assertEquals(parseFlags(["--", "--seed", "1"], flags).seed, 1);
});

Deno.test("parseFlags: each kind of value", () => {
  const value = (...args: string[]) => parseFlags(args, flags);
  assertEquals(value("--seed", "1e1").seed, 10);
  assertEquals(value("--seed=-0").seed, 0);
  assertEquals(value("--replicas", "12").replicas, 12);
  assertEquals(value("--replicas", "auto").replicas, "auto");
  assertEquals(value("--rate", ".5").rate, 0.5);
  assertEquals(value("--rate", "1.2e-3").rate, 0.0012);
  assertEquals(value("--protocol", "paper").protocol, "paper");
  assertEquals(value("--trials", "3").trials, [3]);
  assertEquals(value("--trials", "1-5").trials, [1, 2, 3, 4, 5]);
  assertEquals(value("--trials", "7,3-5,4").trials, [3, 4, 5, 7]);
  assertEquals(value("--training-len", "50000").trainingLen, { iterations: 50000 });
  assertEquals(value("--training-len", "iterations:7").trainingLen, { iterations: 7 });
  assertEquals(value("--training-len", "epochs:20").trainingLen, { epochs: 20 });
  assertEquals(
    value("--prune-percents", "layer0=.2, layer1=0,out=1").prunePercents,
    { layer0: 0.2, layer1: 0, out: 1 },
  );
  assertEquals(value("--layers", "300, 100").layers, [300, 100]);
  assertEquals(value("--layers=['conv3x3:8', gap, 100]").layers, parseHidden("conv3x3:8,gap,100"));
  assertEquals(value("--masks", "a/b,c").masks, ["a/b", "c"]);
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

Deno.test("parseFlags: an unknown flag is named with the nearest known one", () => {
  refuses(["--sed", "3"], '"--sed"', "--seed");
  refuses(["--output_dri=x"], '"--output_dri"', "--output-dir");
  refuses(["--no-contrl"], "--no-control");
  refuses(["-seed", "3"], "--seed");
  refuses(["--constructor"], '"--constructor"');
  refuses(["--__proto__=1"], '"--__proto__"');
  refuses(["--no-seed"], '"--no-seed"');
  refuses(["-"], '"-"');
});

Deno.test("parseFlags: underscores in a flag's name, never in its value, mean dashes", () => {
  assertEquals(parseFlags(["--output_dir=a_b", "--training_len", "5"], flags), {
    ...parseFlags([], flags),
    outputDir: "a_b",
    trainingLen: { iterations: 5 },
  });
  refuses(["--output_dir=a", "--output-dir=b"], "twice");
});

Deno.test("parseArguments: operands stand between flags, all of them and no more", () => {
  const names = ["RUNNER", "ARGFILE"];
  const { values, operands } = parseArguments(
    ["train", "--seed", "4", "-", "--json"],
    flags,
    names,
  );
  assertEquals([operands, values.seed, values.json], [["train", "-"], 4, true]);
  const refused = (args: string[], names: string[], mention: string) =>
    assertStringIncludes(
      assertThrows(() => parseArguments(args, flags, names), UsageError).message,
      mention,
    );
  refused(["train", "--json"], names, "ARGFILE is missing: RUNNER ARGFILE and flags");
  refused(["train", ""], names, "ARGFILE is an empty text");
  refused(["a", "b", "c"], names, 'unexpected argument "c": no more than RUNNER ARGFILE');
  refused(["a", "--", "b", "--json"], names, 'unexpected argument "--json": no more than RUNNER');
  refused(["a"], [], 'unexpected argument "a": a flag and its value');
  assertEquals(parseArguments([], flags, ["[PATH…]"]).operands, []);
  assertEquals(parseArguments(["a", "b", "c"], flags, ["A", "[PATH…]"]).operands, ["a", "b", "c"]);
});

Deno.test("parseArguments: after -- all are operands, whatever they look like", () => {
  const read = (args: string[], names = ["[PATH…]"]) => {
    const { values, operands } = parseArguments(args, flags, names);
    return [values.json, ...operands];
  };
  assertEquals(read(["--json", "--", "--seed", "-x", "--", "a"]), [
    true,
    "--seed",
    "-x",
    "--",
    "a",
  ]);
  assertEquals(read(["--", "--json"]), [false, "--json"]);
  assertEquals(read(["a", "--"]), [false, "a"]);
  // Where nothing but flags can follow, it is what npm puts before them.
  assertEquals(read(["--", "--json"], []), [true]);
  assertEquals(read(["--json", "--"], []), [true]);
});

Deno.test("parseFlags: values as Python Fire reads them", () => {
  const value = (...args: string[]) => parseFlags(args, flags);
  for (const word of ["True", "true"]) {
    assertEquals([value(`--json=${word}`).json, value(`--control=${word}`).control], [true, true]);
  }
  for (const word of ["False", "false"]) {
    assertEquals([value(`--json=${word}`).json, value(`--control=${word}`).control], [
      false,
      false,
    ]);
  }
  assertEquals(value("--json", "True", "--control", "False"), {
    ...value(),
    json: true,
    control: false,
  });
  const none = Object.keys(flags).map((key) =>
    `--${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}=None`
  );
  assertEquals(value(...none), value(), "None is what is not given");
  assertEquals(value("--output_dir", "None", "--json"), { ...value(), json: true });
  assertEquals(value("--output-dir='None'").outputDir, "None");
  assertEquals(value(`--output_dir="it's"`).outputDir, "it's");
  assertEquals(value("--name='a\\'b'").name, "a'b");
  assertEquals(value("--name='a'b'").name, "'a'b'");
  assertEquals(value("--protocol='paper'").protocol, "paper");
  for (
    const text of [
      "('iterations',20)",
      "('iterations', 20)",
      '["iterations", 20]',
      "(iterations,20)",
    ]
  ) {
    assertEquals(value(`--training_len=${text}`).trainingLen, { iterations: 20 }, text);
  }
  assertEquals(value("--training_len=('epochs', 3)").trainingLen, { epochs: 3 });
  assertEquals(value("--layers=[300, 100]").layers, [300, 100]);
  assertEquals(value("--layers=(300,)").layers, [300]);
  assertEquals(value("--trials=[1,3-5]").trials, [1, 3, 4, 5]);
  refuses(["--training_len=('weeks',3)"], "a length such as");
  refuses(["--training_len=('iterations')"], "a length such as");
  refuses(["--layers=[]"], "widths");
  refuses(["--layers=[300,'x]"], "widths");
});

Deno.test("parseFlags: paths with commas, in brackets or each in a flag of its own", () => {
  const masks = (...args: string[]) => parseFlags(args, flags).masks;
  assertEquals(masks("--masks", "a,b"), ["a", "b"]);
  for (const text of ["['a,b','c']", `["a,b", 'c']`, "('a,b', c)", "['a,b','c',]"]) {
    assertEquals(masks("--masks", text), ["a,b", "c"], text);
  }
  assertEquals(masks("--masks=[a,b]"), ["a", "b"], "what a shell leaves of ['a','b']");
  assertEquals(masks("--masks='a,b'"), ["a,b"]);
  assertEquals(masks("--masks", "a,b", "--seed=1", "--masks=c"), ["a,b", "c"]);
  assertEquals(masks("--masks=['a','b']", "--masks=c,d"), ["a", "b", "c,d"]);
  refuses(["--masks=a", "--masks="], "a list");
  refuses(["--masks=['a','']"], "a list");
  refuses(["--masks=['a''b']"], "a list");
  // Written arguments are read back.
  const texts = fc.array(
    fc.string({ minLength: 1, unit: fc.constantFrom(..."ab,'\"[]()\\ \u00e9N") }),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(texts, (values) => {
      if (values.some((text) => text.trim() === "")) return;
      assertEquals(masks(...toArgs({ ...parseFlags([], flags), masks: values }, flags)), values);
    }),
    { seed: 1, numRuns: 1000 },
  );
  for (const name of ["None", "'a'", '"b"', "[a]", "(b,c)", "True"]) {
    const values = { ...parseFlags([], flags), outputDir: name, masks: [name] };
    assertEquals(parseFlags(toArgs(values, flags), flags), values);
  }
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

Deno.test("parseFlags: missing values, repeated flags, stray arguments", () => {
  refuses(["--seed"], "--seed needs a value", "--seed N");
  refuses(["--seed", "--json"], "--seed needs a value");
  refuses(["--output-dir", "-x"], "needs a value", "--output-dir=VALUE");
  refuses(["--output-dir="], "--output-dir", '""');
  refuses(["--seed", "1", "--seed=1"], "--seed", "twice");
  refuses(["--json", "--no-json"], "twice");
  refuses(["results"], "unexpected argument", '"results"');
  refuses(["--json", "--", "--seed"], "unexpected argument", '"--seed"');
  refuses(["--no-json=True"], "--no-json takes no value");
  refuses(["--json", "True", "True"], "unexpected argument", '"True"');
  refuses(["--json=constructor"], "--json takes no value");
  refuses(["--seed=None", "--seed=1"], "twice");
  refuses(["--masks=None", "--masks=a"], "is given both as None and with a value");
  refuses(["--masks=a", "--masks=None"], "None");
  refuses(["--json=yes"], "--json takes no value", '"yes"', "--no-json");
});

Deno.test("parseFlags: bad values are refused with what is allowed", () => {
  refuses(["--seed", "x"], "--seed", "from 0 to 10", '"x"');
  refuses(["--seed", "11"], "from 0 to 10", '"11"');
  refuses(["--seed", "-1"], "from 0 to 10");
  refuses(["--seed", "1.5"], "an integer");
  refuses(["--seed", ""], "an integer");
  refuses(["--seed", "0x5"], "an integer");
  refuses(["--any", "9".repeat(400)], "an integer");
  refuses(["--any", "1e309"], "an integer");
  refuses(["--replicas", "0"], "at least 1");
  refuses(["--replicas", "some"], '"auto"');
  refuses(["--rate", "0"], "greater than 0 ", '"0"');
  refuses(["--rate", "1.01"], "at most 1");
  refuses(["--rate", "NaN"], "a number");
  refuses(["--rate", "Infinity"], "a number");
  refuses(["--protocol", "fast"], "quick, paper", '"fast"');
  for (const trials of ["0", "5-1", "1-101", "1,,2", "1-", "-1", "1-999999999999", "a", "1.5"]) {
    refuses([`--trials=${trials}`], "from 1 to 100");
  }
  for (const length of ["0", "epochs:0", "weeks:3", "epochs:", "1.5", "-1", "2e9"]) {
    refuses([`--training-len=${length}`], "--training-len");
  }
  for (const percents of ["layer0", "layer0=", "layer0=1.1", "=.2", "layer0=-.1", "__proto__=.2"]) {
    refuses([`--prune-percents=${percents}`], "fraction");
  }
  refuses(["--prune-percents=layer0=.1,layer0=.2"], "layer0 twice");
  for (const layers of ["0", "300,", "300,x", "1000001"]) {
    refuses([`--layers=${layers}`], "--layers");
  }
  const unknown = ["conv5:20", "conv5x5:0", "conv0x3:4", "conv3x3s0:4", "conv3x3q:4", "pool0"];
  for (const layers of [...unknown, "gap2", "conv3x3:", "conv3x3:1e3", "Pool", "conv3x3:2000000"]) {
    refuses([`--layers=${layers}`], "--layers expects hidden layers such as 300,100", "conv5x5v");
  }
  refuses(["--layers=300,conv3x3v:8"], "conv3x3v:8, which takes an image, above a dense layer");
  refuses(["--layers=conv3x3:8,9,gap"], "--layers has gap");
  refuses(["--masks", "a,,b"], "a list");
  refuses(["--output-dir", "a\0b"], "a path");
  refuses(["--protocol", "line\nbreak\u2028\u202e"], "line\\nbreak??");
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
