import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import { toArgs } from "../../src/flags/flags.ts";
import { parseArguments, parseFlags } from "../../src/flags/parse.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { flags, refuses } from "./some_flags.ts";

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
