/** The output of run-lottery: header, table, verdict, JSON, help; and that it learns. */

import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import { fromFileUrl } from "@std/path";
import { isRealMnist, mnistLocation } from "../../tasks/lib/mnist_location.ts";
import { readTree, runLottery, runTask, short, withFolder } from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

/** The columns of a line, which are two spaces or more apart. */
const columns = (line: string) => line.split(/ {2,}/);

Deno.test("run-lottery on MNIST: > 90% after 300 iterations; the header says what is trained", () =>
  withFolder(async (folder) => {
    const location = await mnistLocation();
    const { stdout, stderr } = await runLottery(
      `--mnist-location=${location}`,
      "--training-len=300",
      "--iterations=0",
      "--test-interval=150",
      "--validate-interval=150",
      `--experiment-path=${folder}/out`,
    );
    const lines = stderr.trimEnd().split("\n").map(columns);
    const header = lines.findIndex(([name]) => name === "adapter");
    assertEquals(lines.slice(0, 2), [["opening the GPU"], ["reading the examples"]]);
    const [adapter, dataset, protocol, seed, output, runs, ...rest] = lines.slice(header);
    assertMatch(adapter.join(), /^adapter,\S/);
    const name = isRealMnist(location) ? "mnist" : "custom";
    assertEquals([dataset, protocol, seed, output], [
      ["dataset", `${name}: 55000 training, 5000 validation, 10000 test examples`],
      [
        "protocol",
        "quick: 1 trial, 0 prunings, 300 iterations per run, hidden layers 300-100, adam 0.0012, " +
        "batch 60",
      ],
      ["seed", "0"],
      ["output", `${folder}/out`],
    ]);
    assertEquals(runs, ["runs", "1 of 1 to train"]);
    const progress = rest.filter(([stage]) => stage === "level 0/0").map((line) => line.join(" "));
    assertEquals(rest[0], ["compiling"]);
    assertEquals(progress[0], "level 0/0 iteration 0/300 evaluating");
    assertMatch(progress[1], /^level 0\/0 iteration 0\/300 accuracy \d+\.\d\d% .* left training$/);
    for (const line of progress.slice(2)) {
      assertMatch(
        line,
        /^level 0\/0 iteration +\d+\/300 loss \d\.\d{4} accuracy \d+\.\d\d% .* left/,
      );
    }

    const [headers, , row, , verdict] = stdout.split("\n");
    assertEquals(columns(headers).at(-1), "test accuracy at the end");
    const end = columns(row).at(-1)!;
    assert(parseFloat(end) > 90, `${end} of the test set`);
    assertEquals(rest.at(-1), [
      "trial 1",
      "level 0",
      "100.00% of the weights",
      `test accuracy ${end}`,
    ]);
    assertEquals(verdict, "Nothing was pruned, so there is no ticket to judge.");
  }));

Deno.test("run-lottery ends with a table by level, a verdict and a chart", () =>
  withFolder(async (folder) => {
    await writeSmallMnist(`${folder}/data`);
    const { stdout, stderr } = await runLottery(
      `--mnist-location=${folder}/data`,
      ...short("--iterations=1", `--experiment-path=${folder}/out`),
    );
    const lines = stdout.split("\n");
    assertEquals(columns(lines[0]), [
      "level",
      "weights remaining",
      "accuracy before training",
      "early stop at iteration",
      "test accuracy there",
      "test accuracy at the end",
    ]);
    const rows = lines.slice(2, 5).map(columns);
    assertEquals(rows.map(([level]) => level), ["0", "1", "1 reinitialized"]);
    assertEquals(rows.map(([, weights]) => weights), ["100.00%", "80.06%", "80.06%"]);
    for (const [, , before, iteration, there, end] of rows) {
      assert(["0", "30", "60"].includes(iteration), `early stop at ${iteration}`);
      for (const accuracy of [before, there, end]) assertMatch(accuracy, /^\d\d?\.\d\d%$/);
    }
    assertEquals(
      stderr.split("\n").map(columns).filter(([first]) => first === "trial 1"),
      ["level 0", "level 1", "reinit 1 at level 1"].map((what, i) => [
        "trial 1",
        what,
        `${rows[i][1]} of the weights`,
        `test accuracy ${rows[i][4]}`,
      ]),
    );
    const [blank, verdict, chart, end] = lines.slice(5);
    assertEquals([blank, chart, end], ["", `Chart: ${folder}/out/accuracy.svg`, ""]);
    assertMatch(
      verdict,
      /^With 80\.1% of its weights the ticket reaches .* the full network and .* its reinitialized control: the ticket (won|did not win) \(one trial: an example, not a proof\)\.$/,
    );
    const svg = await Deno.readTextFile(`${folder}/out/accuracy.svg`);
    assertMatch(svg, /^<svg [\s\S]*Reinitialized control[\s\S]*<\/svg>\n<!-- sha256 .* -->\n$/);
  }));

Deno.test("synthetic digits: LeNet-300-100 lands in 95-99.5%, and pruning has something to lose", () =>
  withFolder(async (folder) => {
    const { stdout, stderr } = await runLottery(
      "--dataset=synthetic-digits",
      "--training-len=1000",
      "--iterations=1",
      "--prune-percents=layer0=.95,layer1=.95,layer2=.5",
      "--test-interval=1000",
      "--validate-interval=1000",
      "--json",
      `--output-dir=${folder}/out`,
    );
    assertMatch(stderr, /^dataset +synthetic-digits: 55000 training, /m);
    const { dataset, levels } = JSON.parse(stdout);
    assertEquals([dataset.name, levels.length], ["synthetic-digits", 3]);
    const [full, , control] = levels.map((level: Run) => level.finalAccuracy);
    assert(full > 0.95 && full < 0.995, `${full} dense`);
    assert(
      control < full - 0.01,
      `${control} at 5%, randomly reinitialized, against ${full} dense`,
    );
    const record = JSON.parse(await Deno.readTextFile(`${folder}/out/0/same_init/run.json`));
    assertEquals({ ...record.dataset, ...dataset }, record.dataset);
  }));

interface Run {
  kind: string;
  trial: number;
  level: number;
  folder: string;
  live: number;
  total: number;
  percent: number;
  earlyStopIteration: number;
  earlyStopAccuracy: number;
  finalAccuracy: number;
  found: boolean;
}

Deno.test("--json is one document that agrees with the files", () =>
  withFolder(async (folder) => {
    await writeSmallMnist(`${folder}/data`);
    const out = `${folder}/out`;
    const args = [
      `--mnist-location=${folder}/data`,
      ...short("--trials=1-2", "--json", "--quiet", "--seed=5", `--experiment-path=${out}`),
    ];
    const { stdout, stderr } = await runLottery(...args);
    assertEquals(stderr, "");
    const report = JSON.parse(stdout);
    assertEquals(Object.keys(report).sort(), [
      ...["adapter", "chart", "dataset", "levels", "oneShot", "output", "protocol", "runs"],
      ...["seed", "verdict"],
    ]);
    assertEquals([report.seed, report.output, report.chart], [5, out, `${out}/accuracy.svg`]);
    const { protocol } = report;
    assertEquals([protocol.name, protocol.layers, protocol.trials], ["quick", [40, 20], [1, 2]]);

    const runs: Run[] = report.runs;
    assertEquals(
      runs.map(({ kind, level, trial }) => `${kind} ${level} ${trial}`),
      ["ticket 0 1", "ticket 0 2", "ticket 1 1", "ticket 1 2", "ticket 2 1", "ticket 2 2"]
        .concat("reinit 2 1", "reinit 2 2"),
    );
    for (const run of runs) {
      const name = run.kind === "ticket" ? "same_init" : "reinit1";
      assertEquals(run.folder, `${out}/trial${run.trial}/${run.level}/${name}`);
      const read = async (file: string) =>
        JSON.parse(await Deno.readTextFile(`${run.folder}/${file}`));
      const config = await read("run.json");
      assertEquals(config.adapter, report.adapter);
      assertEquals({ ...config.dataset, ...report.dataset }, config.dataset);
      assertEquals(
        [
          config.id.kind,
          config.id.trial,
          config.id.level,
          config.training.seed,
          config.training.iterations,
        ],
        [run.kind, run.trial, run.level, 5, 60],
      );
      assertEquals(
        [
          config.training.batchSize,
          config.dataset.validationSize,
          config.training.optimizer.learningRate,
        ],
        [protocol.batchSize, protocol.validationSize, protocol.learningRate],
      );
      const { earlyStopIteration, test } = await read("metrics.json");
      assertEquals(run.earlyStopIteration, earlyStopIteration);
      assertEquals(run.finalAccuracy, test[2].accuracy);
      assertEquals(run.earlyStopAccuracy, test[earlyStopIteration / 30].accuracy);
      assertEquals([run.total, run.found], [32360, false]);
      assertAlmostEquals(run.percent, 100 * run.live / run.total, 1e-12);
    }
    assertEquals(
      report.levels.map((
        { kind, level, trials }: Record<string, unknown>,
      ) => [kind, level, trials]),
      [["ticket", 0, 2], ["ticket", 1, 2], ["ticket", 2, 2], ["reinit", 2, 2]],
    );
    report.levels.forEach((level: Run, i: number) => {
      const [a, b] = runs.slice(2 * i, 2 * i + 2);
      for (const key of ["percent", "earlyStopAccuracy", "finalAccuracy"] as const) {
        assertAlmostEquals(level[key], (a[key] + b[key]) / 2, 1e-12);
      }
    });
    const { won, trials, sentence } = report.verdict;
    assertEquals(trials, 2);
    const call = won === null
      ? "too close to call, the trials differ too much"
      : `the ticket ${won ? "won" : "did not win"}`;
    assert(sentence.endsWith(`: ${call} (2 trials: an example, not a proof).`), sentence);

    const before = await readTree(out);
    const again = JSON.parse((await runLottery(...args)).stdout);
    assertEquals(again, { ...report, runs: runs.map((run) => ({ ...run, found: true })) });
    assertEquals(await readTree(out), before);
  }));

Deno.test("every task has --help", async () => {
  const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const tasks = [...config.matchAll(/"([\w-]+)": \{[^{}]*"command": "[^"]*(tasks\/\w+\.ts)/g)]
    .filter(([, , file]) => existsSync(fromFileUrl(new URL(`../../${file}`, import.meta.url))));
  assert(tasks.length >= 3);
  for (const [, task] of tasks) {
    const { code, stdout, stderr } = await runTask(task, ["--help"]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, new RegExp(`^Usage: deno task ${task} .*\\[flags\\]\n[\\s\\S]*--debug`));
  }
});
