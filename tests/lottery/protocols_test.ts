import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { flagName } from "../../src/flags/flags.ts";
import { layerNames, PROTOCOLS } from "../../src/lottery/protocols.ts";
import { protocolFlags } from "../../src/commands/flags/protocol_flags.ts";
import { checkSafeName, runFlags } from "../../src/commands/flags/run_flags.ts";
import { lotteryRunner } from "../../src/commands/lottery.ts";
import { DYNAMIC_NAMES } from "../../src/foundations/pruning/dynamic.ts";
import { resolveProtocol } from "../../src/commands/flags/resolve_protocol.ts";
import { parseFlags } from "../../src/flags/parse.ts";

const resolve = (...args: string[]) => resolveProtocol(parseFlags(args, runFlags));

Deno.test("the paper's protocol: Frankle & Carbin 2019, figure 2 and section 2", () => {
  assertEquals(resolve("--protocol", "paper"), {
    dataset: "auto",
    layers: [300, 100],
    initializer: "glorot",
    normalization: "unit",
    augment: [],
    optimizer: { kind: "adam" },
    learningRate: 0.0012,
    momentum: 0.9,
    weightDecay: 0,
    ...{ schedule: "constant", warmup: 0, milestones: [], gamma: 0.1 },
    batchSize: 60,
    validationSize: 5000,
    trainingLength: { iterations: 50000 },
    levels: 20,
    criterion: "magnitude",
    scope: "layer",
    ...{ pruneAt: "end", scoreBatches: 10 },
    ...{ dynamic: null, dynamicInterval: 100, dynamicFraction: 0.3 },
    rewind: { iterations: 0 },
    rewindLearningRate: { iterations: 0 },
    iterationsPerLevel: null,
    prunedWeights: "zero",
    survivors: "rewind",
    prunePercents: { layer0: 0.2, layer1: 0.2, layer2: 0.1 },
    testInterval: 100,
    validateInterval: 100,
    trials: [1, 2, 3, 4, 5],
  });
});

Deno.test("google's protocol: the constants of the original library", () => {
  const google = resolve("--protocol=google");
  assertEquals(google.optimizer, { kind: "sgd" });
  assertEquals(google.learningRate, 0.1);
  assertEquals([google.normalization, google.initializer], ["l2", "truncated"]);
  assertEquals([google.batchSize, google.validationSize, google.levels], [64, 0, 30]);
  assertEquals(google.trials, Array.from({ length: 20 }, (_, i) => i + 1));
  assertEquals(google.trainingLength, { iterations: 50000 });
});

Deno.test("the quick protocol, the default, passes 11% density in one trial", () => {
  const quick = resolve();
  const { help: _help, label: _label, ...protocol } = PROTOCOLS.quick;
  assertEquals(quick, protocol);
  assertEquals(quick.trials, [1]);
  assertEquals(quick.learningRate, PROTOCOLS.paper.learningRate);
  const weights = { layer0: 784 * 300, layer1: 300 * 100, layer2: 100 * 10 };
  const left = Object.entries(weights).reduce(
    (sum, [name, count]) => sum + count * (1 - quick.prunePercents[name]) ** quick.levels,
    0,
  );
  assert(left / (784 * 300 + 300 * 100 + 100 * 10) < 0.11);
});

Deno.test("every protocol field is overridden by its own flag", () => {
  const given = {
    layers: "20,10,5",
    trainingLen: "epochs:3",
    iterations: "4",
    trials: "2-3",
    optimizer: "momentum",
    learningRate: "0.5",
    momentum: "0.8",
    nesterov: "True",
    weightDecay: "0.05",
    schedule: "steps",
    warmup: "3",
    milestones: "5,9",
    gamma: "0.25",
    batchSize: "7",
    initializer: "truncated",
    normalization: "none",
    augment: "flip,crop",
    validationSize: "11",
    testInterval: "13",
    validateInterval: "17",
    pruneAt: "end",
    criterion: "magnitude",
    scope: "layer",
    rewind: "final",
    rewindLearningRate: "epoch:2",
    iterationsPerLevel: "6",
    "mask-0": "zero",
    "mask-1": "rewind",
    prunePercents: "layer1=.4",
    pruneOutput: "0",
  };
  assertEquals(
    Object.keys(given).sort(),
    Object.keys(protocolFlags).sort().filter((k) =>
      !["protocol", "network", "scoreBatches"].includes(k) && !k.startsWith("dynamic")
    ),
  );
  const args = Object.entries(given).map(([key, value]) => `${flagName(key)}=${value}`);
  for (const protocol of ["quick", "paper", "google"]) {
    assertEquals(resolve(`--protocol=${protocol}`, ...args), {
      dataset: "auto",
      layers: [20, 10, 5],
      initializer: "truncated",
      normalization: "none",
      augment: ["crop", "flip"],
      optimizer: { kind: "nesterov" },
      learningRate: 0.5,
      momentum: 0.8,
      weightDecay: 0.05,
      ...{ schedule: "steps", warmup: 3, milestones: [5, 9], gamma: 0.25 },
      batchSize: 7,
      validationSize: 11,
      trainingLength: { epochs: 3 },
      levels: 4,
      criterion: "magnitude",
      scope: "layer",
      ...{ pruneAt: "end", scoreBatches: 10 },
      ...{ dynamic: null, dynamicInterval: 100, dynamicFraction: 0.3 },
      ...{ dynamic: null, dynamicInterval: 100, dynamicFraction: 0.3 },
      rewind: "final",
      rewindLearningRate: { epochs: 2 },
      iterationsPerLevel: 6,
      prunedWeights: "zero",
      survivors: "rewind",
      prunePercents: { layer0: 0.2, layer1: 0.4, layer2: 0.2, layer3: 0 },
      testInterval: 13,
      validateInterval: 17,
      trials: [2, 3],
    });
  }
});

Deno.test("another schedule takes none of a protocol's milestones", () => {
  assertEquals(resolve("--protocol=fine-tuning").milestones, [400, 600]);
  assertEquals(resolve("--protocol=fine-tuning", "--schedule=cosine").milestones, []);
});

Deno.test("pruning at initialization: over all layers unless asked otherwise", () => {
  const { criterion, scope, scoreBatches } = resolve("--prune-at=init", "--criterion=snip");
  assertEquals([criterion, scope, scoreBatches], ["snip", "global", 10]);
  const layer = resolve(
    "--prune-at=init",
    "--criterion=grasp",
    "--scope=layer",
    "--score-batches=3",
  );
  assertEquals([layer.scope, layer.scoreBatches], ["layer", 3]);
});

Deno.test("masks that change take no sparse kernels", () => {
  const check = (...args: string[]) => lotteryRunner.check(parseFlags(args, runFlags));
  for (const rule of DYNAMIC_NAMES) {
    for (const kernels of ["auto", "dense"]) check(`--dynamic=${rule}`, `--kernels=${kernels}`);
    assertThrows(
      () => check(`--dynamic=${rule}`, "--kernels=sparse"),
      UsageError,
      `--dynamic ${rule} takes the dense kernels`,
    );
  }
  check("--kernels=sparse");
});

Deno.test("the paper's section 3: CIFAR-10, standardized, with its networks, rates and lengths", () => {
  for (
    const [name, rate, iterations, convPercent] of [
      ["conv-2", 2e-4, 20000, 0.1],
      ["conv-4", 3e-4, 25000, 0.1],
      ["conv-6", 3e-4, 30000, 0.15],
    ] as const
  ) {
    const protocol = resolve(`--protocol=${name}`), weights = Number(name.at(-1)) + 3;
    assertEquals([protocol.dataset, protocol.normalization], ["cifar-10", "standardize"]);
    assertEquals([protocol.learningRate, protocol.trainingLength], [rate, { iterations }]);
    const percents = Object.values(protocol.prunePercents);
    assertEquals(percents, [...Array(weights - 3).fill(convPercent), 0.2, 0.2, 0.1]);
  }
});

Deno.test("layer names follow the hidden layers, the output layer last", () => {
  assertEquals(layerNames([300, 100]), ["layer0", "layer1", "layer2"]);
  assertEquals(resolve("--layers=5").prunePercents, { layer0: 0.2, layer1: 0.1 });
});

Deno.test("the convolutional protocols: the paper's figure 2", () => {
  const all = { "conv-2": [2e-4, 20000], "conv-4": [3e-4, 25000], "conv-6": [3e-4, 30000] };
  for (const [name, [learningRate, iterations]] of Object.entries(all)) {
    const protocol = resolve(`--protocol=${name}`);
    assertEquals(protocol.layers, resolve(`--network=${name}`).layers);
    assertEquals([protocol.learningRate, protocol.batchSize], [learningRate, 60]);
    assertEquals([protocol.trainingLength, protocol.levels], [{ iterations }, 20]);
    assertEquals([protocol.validationSize, protocol.trials], [5000, [1, 2, 3, 4, 5]]);
  }
  const percents = (...args: string[]) => Object.values(resolve(...args).prunePercents);
  for (const name of ["conv-2", "conv-2-quick"]) {
    assertEquals(percents(`--protocol=${name}`), [0.1, 0.1, 0.2, 0.2, 0.1]);
  }
  assertEquals(resolve("--protocol=conv-2-quick").dataset, "cifar-10");
  assertEquals(percents("--protocol=conv-4"), [0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.1]);
  assertEquals(percents("--network=conv-6"), [...Array(6).fill(0.15), 0.2, 0.2, 0.1]);
  assertEquals(percents("--protocol=lenet-5"), [0.2, 0.2, 0.2, 0.1]);
});

Deno.test("--network is a row of the table, --layers any network, not both", () => {
  assertEquals(resolve("--network=lenet-300-100"), resolve());
  assertEquals(resolve("--protocol=lenet-5", "--network=lenet-300-100").layers, [300, 100]);
  const small = resolve("--layers=conv5x5v:4,pool,9", "--prune-percents=layer1=.4");
  assertEquals(small.layers, [
    { kind: "conv2d", kernel: [5, 5], stride: [1, 1], padding: "valid", filters: 4 },
    { kind: "maxPool2d", size: [2, 2], stride: [2, 2] },
    9,
  ]);
  // Pools have no weights to prune.
  assertEquals(small.prunePercents, { layer0: 0.1, layer1: 0.4, layer2: 0.1 });
  assertEquals(layerNames(small.layers), ["layer0", "layer1", "layer2"]);
  const both = assertThrows(
    () => resolve("--network=lenet-5", "--layers=conv3x3s2:8,9"),
    UsageError,
  );
  assertStringIncludes(
    both.message,
    "--network lenet-5 and --layers conv3x3s2:8,9 are two networks",
  );
});

Deno.test("protocols that cannot be are refused", () => {
  const unknown = assertThrows(() => resolve("--prune-percents=layer3=.1"), UsageError);
  assertStringIncludes(unknown.message, '"layer3"');
  assertStringIncludes(unknown.message, "layer0, layer1, layer2");
  assertThrows(() => resolve("--layers=5", "--prune-percents=layer2=.1"), UsageError, "layer2");
  assertThrows(() => resolve("--prune-percents=constructor=.1"), UsageError, "constructor");
  const values = parseFlags([], runFlags);
  for (const layer0 of [-0.1, 1.5, NaN]) {
    assertThrows(() => resolveProtocol({ ...values, prunePercents: { layer0 } }), UsageError);
  }
});

Deno.test("--output-dir holds one trial", () => {
  assertEquals(resolve("--output-dir=out", "--protocol=paper").trials, [1]);
  assertEquals(resolve("--output-dir=out", "--trials=4").trials, [4]);
  const several = assertThrows(() => resolve("--output-dir=out", "--trials=1-3"), UsageError);
  assertStringIncludes(several.message, "--experiment-path");
});

Deno.test("an experiment's name is that of one folder", () => {
  for (const name of ["same_init", "a", "0", "A.b-c_d", "x.."]) checkSafeName(name, "--x");
  for (const name of ["", ".", "..", "../x", "a/b", "a\\b", ".a", "-a", "_a", "a b", "é", "a\n"]) {
    assertThrows(() => checkSafeName(name, "--experiment-name"), UsageError, "--experiment-name");
  }
  assertThrows(() => resolve("--experiment-name=../x"), UsageError, '"../x" cannot name a folder');
});
