import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compareRunner } from "../../src/commands/compare.ts";
import {
  chosenMethods,
  compareFlags,
  sharedProtocol,
} from "../../src/commands/flags/compare_flags.ts";
import { flagOf } from "../../src/commands/flags/resolve_protocol.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { Laboratory } from "../../src/commands/laboratory.ts";
import { Program } from "../../src/engine/mod.ts";
import { UsageError } from "../../src/errors.ts";
import { flagName } from "../../src/flags/flags.ts";
import { parseFlags } from "../../src/flags/parse.ts";
import {
  METHOD_FIELDS,
  METHOD_NAMES,
  METHODS,
  protocolOf,
  USUAL_METHODS,
} from "../../src/lottery/methods.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { DATA } from "../lottery/small_lottery.ts";

Deno.test("the table of methods: no two look the same; what they decide has a flag, refused here", () => {
  const looks = METHOD_NAMES.map((name) => `${METHODS[name].color} ${METHODS[name].shape}`);
  assertEquals(new Set(looks).size, looks.length);
  assert(METHOD_FIELDS.length > 0);
  for (const field of METHOD_FIELDS) {
    const name = flagOf(field), flag = runFlags[name];
    const value = flag.choices?.[0] ?? "1";
    const given = [`${flagName(name)}=${value}`];
    assertThrows(
      () => parseFlags(given, compareFlags),
      UsageError,
      "each of --methods has its own",
    );
  }
});

Deno.test("protocol: five halvings unless flags say otherwise; methods differ in what they decide", () => {
  const usual = sharedProtocol(parseFlags([], compareFlags));
  assertEquals(usual.levels, 5);
  assertEquals(usual.prunePercents, { layer0: 0.5, layer1: 0.5, layer2: 0.25 });
  const args = ["--protocol=paper", "--layers=9", "--iterations=3", "--prune-percents=layer1=.1"];
  const asked = sharedProtocol(parseFlags(args, compareFlags));
  assertEquals([asked.levels, asked.layers, asked.trials.length], [3, [9], 5]);
  assertEquals(asked.prunePercents, { layer0: 0.5, layer1: 0.1 });
  const output = sharedProtocol(parseFlags(["--prune-output=.4"], compareFlags));
  assertEquals(output.prunePercents, { layer0: 0.5, layer1: 0.5, layer2: 0.4 });
  const random = protocolOf("random", asked);
  assertEquals({ ...random, criterion: asked.criterion, pruneAt: asked.pruneAt }, asked);
  assertEquals([random.criterion, protocolOf("global", asked).scope], ["random", "global"]);
});

const chosen = (...args: string[]) => {
  const flags = parseFlags(args, compareFlags);
  return chosenMethods(flags, sharedProtocol(flags));
};

Deno.test("methods come in the table's order, each once", () => {
  assertEquals(chosen("--methods=random,magnitude,random"), ["magnitude", "random"]);
  assertEquals(chosen(), [...USUAL_METHODS]);
});

Deno.test("what run-lottery refuses of a method is refused, with its name; of others it is taken", () => {
  for (
    const [flag, refused, taken] of [
      ["--rewind=10", "rigl", "snip,magnitude"],
      ["--rewind=10", "gmp", "random"],
      ["--rewind=final", "snip", "magnitude,global"],
      ["--presets=p", "set", "snip,magnitude"],
      ["--masks=m", "rigl", "grasp,magnitude"],
      ["--mask-0=initial", "rigl", "snip,magnitude"],
      ["--mask-1=reshuffle", "gmp", "random,magnitude"],
      ["--kernels=sparse", "rigl", "synflow,magnitude"],
    ]
  ) {
    const error = assertThrows(
      () => chosen(`--methods=magnitude,${refused}`, flag),
      UsageError,
      `--methods ${refused}: --`,
    );
    assertMatch(error.message, new RegExp(`^[^\\n]*, or leave ${refused} out of --methods$`));
    assertEquals(chosen(`--methods=${taken}`, flag).length, taken.split(",").length);
  }
  assertEquals(chosen("--network=conv-2"), [...USUAL_METHODS]);
  // Flags that only some methods have do not concern the others.
  chosen("--methods=magnitude,gmp,rigl,snip", "--dynamic-fraction=.2", "--score-batches=3");
});

Deno.test("a flag that none of the methods uses is refused, with those that do", () => {
  for (
    const [flag, unused, users] of [
      ["--score-batches=3", "magnitude,synflow,rigl", "snip, grasp"],
      ["--dynamic-interval=5", "magnitude,snip", "gmp, set, rigl"],
      ["--dynamic-fraction=.2", "magnitude,gmp", "set, rigl"],
      ["--keep-scores", "set,gmp", "magnitude, global, snip, grasp, synflow, erdos_renyi, random"],
    ]
  ) {
    const [name] = flag.split("=");
    assertThrows(
      () => chosen(`--methods=${unused}`, flag),
      UsageError,
      `${name} is used by ${users}, and --methods has none of them: leave it out, or add one`,
    );
    chosen(`--methods=${unused},${users.split(", ")[0]}`, flag);
  }
  chosen("--methods=set,gmp");
});

Deno.test("the runs of all methods and trials are replicas of one program", async () => {
  const { run } = Program.prototype;
  let iterations = 0;
  Program.prototype.run = function (steps) {
    for (const step of steps) iterations += "iterate" in step ? step.iterate : 0;
    return run.call(this, steps);
  };
  const storage = new MemoryStorage();
  const laboratory = await Laboratory.open({
    storage,
    openGpu: openTestGpu,
    holder: { pid: 1, host: "here", since: "2026-01-01T00:00:00.000Z", command: "test" },
    ...{ replicas: "auto", kernels: "dense", checkpointInterval: { seconds: 60 } },
    signal: new AbortController().signal,
    environmentLocation: null,
    loadData: () => Promise.resolve(DATA),
    events: { onNotice() {}, onStage() {}, onProgress() {}, onActivity() {} },
  });
  try {
    const flags = parseFlags([
      ...["--methods=random,magnitude", "--trials=1-2", "--iterations=1", "--training-len=20"],
      ...["--layers=5", "--batch-size=8", "--validation-size=10", "--experiment-path=e"],
    ], compareFlags);
    const open = await compareRunner.open(flags, laboratory.context);
    assertEquals([open.job.runCount, open.job.atOnce, open.job.finishedCount], [8, 6, 0]);
    assertEquals(open.plan.folders.length, 4);
    assertEquals(await laboratory.run([open.job]), [[]]);
  } finally {
    Program.prototype.run = run;
    await laboratory.close();
  }
  // All that waits for nothing at once, then level 1 of magnitude: two times the iterations of a
  // run, or three where the first fill a program before the last has come; eight runs one by one
  // would be eight times.
  assert(iterations === 2 * 20 || iterations === 3 * 20, `${iterations} iterations`);
  // The order is the table's, not the flag's.
  const written = JSON.parse(new TextDecoder().decode(await storage.read("e/compare.json")));
  assertEquals(written.methods, ["magnitude", "random"]);
});
