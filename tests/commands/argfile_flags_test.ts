import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { argfileFlags, argfileLines } from "../../src/commands/flags/argfile_flags.ts";
import { splitLine } from "../../src/flags/shell_words.ts";
import { reinitializeRunner } from "../../src/commands/reinitialize.ts";
import { lotteryRunner } from "../../src/commands/lottery.ts";
import { parseFlags } from "../../src/flags/parse.ts";

const lines = (kind: string, ...args: string[]) => [
  ...argfileLines(kind, parseFlags(args, argfileFlags)),
];

Deno.test("lottery: the original's 20 trials; ranges and settings are passed on", () => {
  const all = lines("lottery");
  assertEquals(all.length, 20);
  assertEquals(
    all[19],
    "--output-dir=results/mnist-google/trial20 --trials=20 --protocol=google",
  );
  assertEquals(
    lines("lottery_experiment", "--trials=2", "--protocol=quick", "--experiment-path=my runs"),
    ["'--output-dir=my runs/trial2' --trials=2"],
  );
  const [line] = lines("lottery", "--protocol=paper", "--seed=7", "--iterations=3", "--trials=1");
  assertEquals(
    line.split(" ").sort().join(" "),
    "--iterations=3 --output-dir=results/mnist-paper/trial1 --protocol=paper --seed=7 --trials=1",
  );
});

Deno.test("--nesterov is passed on to either task", () => {
  const flags = ["--optimizer=momentum", "--nesterov", "--trials=1", "--levels=1", "--runs=1"];
  const [control] = lines("reinitialize", ...flags),
    [lottery] = lines("lottery", ...flags.slice(0, 3));
  for (const line of [control, lottery]) {
    assertEquals(splitLine(line, "line").includes("--nesterov"), true);
  }
  assertEquals(lines("lottery").some((line) => line.includes("nesterov")), false);
});

Deno.test("reinitialize: 20 x 31 x 10 lines for each of the three controls", () => {
  const perKind = 20 * 31 * 10;
  assertEquals(lines("reinitialize").length, perKind);
  const all = lines("reinitialize", "--experiment=reinit,reuse,reuse_sign");
  assertEquals(all.length, 3 * perKind);
  const parent = "results/mnist-google";
  const ending = "--protocol=google --seed=0";
  assertEquals(
    all[0],
    `--masks=${parent}/trial1/0/same_init/masks --output-dir=${parent}/trial1/0/reinit1 ` +
      `--trials=1 --levels=0 --runs=1 ${ending}`,
  );
  assertEquals(
    all[2 * perKind - 1],
    `--masks=${parent}/trial20/30/same_init/masks --output-dir=${parent}/trial20/30/reuse10 ` +
      `--initialization-distribution=${parent}/weights/30/initialization ` +
      `--trials=20 --levels=30 --runs=10 ${ending}`,
  );
  assertEquals(
    all[3 * perKind - 1],
    `--masks=${parent}/trial20/30/same_init/masks --output-dir=${parent}/trial20/30/reuse_sign10 ` +
      `--initialization-distribution=${parent}/weights/30/initialization ` +
      `--same-sign=${parent}/trial20/30/same_init/initial ` +
      `--trials=20 --levels=30 --runs=10 ${ending}`,
  );
  assertEquals(new Set(all).size, all.length);
});

Deno.test("reinitialize: ranges by flag and by protocol; another experiment's name", () => {
  assertEquals(lines("reinitialize", "--trials=1-2", "--levels=3,5", "--runs=4-6").length, 12);
  assertEquals(lines("reinitialize", "--protocol=paper").length, 5 * 21 * 10);
  assertEquals(lines("reinitialize", "--iterations=2", "--trials=1").length, 3 * 10);
  const [line] = lines("reinitialize", "--experiment-name=other", "--experiment=reuse");
  assert(line.includes("/trial1/0/other/masks "), line);
  assert(line.includes("/trial1/0/other_reuse1 "), line);
  assert(line.includes("/weights/0/other_initialization "), line);
});

Deno.test("the runners understand every line", () => {
  const settings = ["--learning-rate=0.01", "--layers=30", "--seed=3", "--training-len=epochs:2"];
  for (const line of lines("lottery", ...settings, "--prune-percents=layer0=.5")) {
    const values = parseFlags(splitLine(line, ""), lotteryRunner.flags);
    lotteryRunner.check(values);
    assertEquals([values.learningRate, values.layers, values.seed], [0.01, [30], 3]);
    assertEquals(values.prunePercents, { layer0: 0.5 });
  }
  const controls = ["--trials=3", "--levels=2", "--runs=5", "--experiment=reinit,reuse,reuse_sign"];
  for (const line of lines("reinitialize", ...settings, ...controls)) {
    const values = parseFlags(splitLine(line, ""), reinitializeRunner.flags);
    reinitializeRunner.check(values);
    assertEquals([values.trials, values.levels, values.runs], [[3], [2], [5]]);
    assertEquals([values.learningRate, values.layers, values.seed], [0.01, [30], 3]);
    assertEquals(values.trainingLen, { epochs: 2 });
  }
});

Deno.test("flags that the lines cannot have are refused", () => {
  assertThrows(
    () => lines("lottery", "--runs=1"),
    UsageError,
    "--runs belongs to the argfile reinit",
  );
  assertThrows(
    () => lines("reinitialize", "--presets=x"),
    UsageError,
    "--presets belongs to the argfi",
  );
  assertThrows(() => lines("reinit"), UsageError, '"reinit"; the nearest is reinitialize');
  assertThrows(() => lines("lottery", "--prune-percents=layer9=.1"), UsageError, "layer9");
});
