import { assert, assertEquals, assertThrows } from "@std/assert";
import { compareRunner } from "../../src/commands/compare.ts";
import { compareFlags, sharedProtocol } from "../../src/commands/flags/compare_flags.ts";
import { flagOf } from "../../src/commands/flags/resolve_protocol.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { Laboratory } from "../../src/commands/laboratory.ts";
import { Program } from "../../src/engine/mod.ts";
import { UsageError } from "../../src/errors.ts";
import { flagName } from "../../src/flags/flags.ts";
import { parseFlags } from "../../src/flags/parse.ts";
import { METHOD_FIELDS, METHOD_NAMES, METHODS, protocolOf } from "../../src/lottery/methods.ts";
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
  // All that waits for nothing at once, then level 1 of magnitude: two times the iterations of a run,
  // or three where the first fill a program before the last has come; eight runs one by one would be
  // eight times.
  assert(iterations === 2 * 20 || iterations === 3 * 20, `${iterations} iterations`);
  // The order is the table's, not the flag's.
  const written = JSON.parse(new TextDecoder().decode(await storage.read("e/compare.json")));
  assertEquals(written.methods, ["magnitude", "random"]);
});
