/**
 * `deno task compare` and the report of what it wrote: a small comparison, continued and extended.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { decodeNpy } from "../../src/formats/npy.ts";
import {
  assertSameTree,
  part,
  readTree,
  runTask,
  short,
  succeed,
  type Tree,
} from "../../tasks/lib/task_process.ts";
import { IMAGE, Workplace } from "./workplace.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";

let folder: string, flags: string[];
const METHODS = ["magnitude", "random"];

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  await writePatterns(`${folder}/data`, { imageShape: IMAGE, classes: 3, train: 60, test: 20 });
  flags = short(
    `--mnist-location=${folder}/data`,
    ...["--layers=16", "--validation-size=20", "--training-len=30", "--test-interval=10"],
    ...["--validate-interval=10", "--trials=1-2", `--experiment-path=${folder}/all`],
  );
  await succeed("compare", ...flags, `--methods=${METHODS.join()}`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** Live weights of a run. */
async function liveOf(run: string): Promise<number> {
  let live = 0;
  for (const layer of ["layer0", "layer1"]) {
    const path = `${run}/masks/${layer}.npy`;
    for (const bit of decodeNpy(await Deno.readFile(path), path).data) live += Number(bit);
  }
  return live;
}

Deno.test("compare: an experiment for each method, without controls, as sparse as each other", async () => {
  const tree = await readTree(`${folder}/all`);
  const runs = [...part(tree, /run\.json$/).keys()];
  assertEquals(
    runs,
    METHODS.flatMap((method) =>
      [1, 2].flatMap((trial) =>
        [0, 1, 2].map((level) => `${method}/trial${trial}/${level}/same_init/run.json`)
      )
    ),
  );
  // 24·16 + 16·3 weights; half and a quarter go.
  for (const [level, live] of [432, 192 + 36, 96 + 27].entries()) {
    for (const method of METHODS) {
      const run = `${folder}/all/${method}/trial2/${level}/same_init`;
      assertEquals(await liveOf(run), live);
      const { pruning } = JSON.parse(await Deno.readTextFile(`${run}/run.json`));
      assertEquals(pruning.criterion, method);
    }
  }
  // The full network is the same to the bit, the pruned ones are not.
  const layerOf = (method: string, level: number) =>
    tree.get(`${method}/trial1/${level}/same_init/final/layer0.npy`);
  assertEquals(layerOf("random", 0), layerOf("magnitude", 0));
  assert(layerOf("random", 1) !== layerOf("magnitude", 1));
  assert(tree.has("accuracy.svg") && tree.has("compare.json"));
});

/** The files of the runs. */
const runsIn = (tree: Tree) => part(tree, /trial\d/);

Deno.test("compare: continues, with the very bits, where a run is gone; the results as JSON", async () => {
  const before = await readTree(`${folder}/all`);
  await Deno.remove(`${folder}/all/random/trial2/1`, { recursive: true });
  const { stdout, stderr } = await succeed(
    "compare",
    ...flags,
    `--methods=${METHODS.join()}`,
    "--json",
  );
  assertMatch(stderr, /^runs +1 of 12 to train$/m);
  assertMatch(stderr, /^random +trial 2 +level 1 /m);
  assertSameTree(runsIn(await readTree(`${folder}/all`)), runsIn(before));
  const { ranks, runs, methods } = JSON.parse(stdout);
  assertEquals(methods.map(({ name }: { name: string }) => name), METHODS);
  assertEquals(runs.length, 12);
  for (const { method, level, accuracy, trials, verdict } of ranks) {
    let sum = 0;
    for (const trial of [1, 2]) {
      const run = `${folder}/all/${method}/trial${trial}/${level}/same_init/run.json`;
      sum += JSON.parse(await Deno.readTextFile(run)).results.earlyStopAccuracy;
    }
    assertAlmostEquals(accuracy, 100 * sum / 2, 1e-9);
    assertEquals([trials, verdict], [2, method === "magnitude" ? null : "too few trials"]);
  }
});

Deno.test("compare: another method joins; report compares all, and verify finds all whole", async () => {
  const { stdout } = await succeed("compare", ...flags, "--methods=global", "--quiet");
  assertMatch(stdout, /^Magnitude, global +\d/m);
  const { methods } = JSON.parse(await Deno.readTextFile(`${folder}/all/compare.json`));
  assertEquals(methods, ["magnitude", "global", "random"]);
  const controls = ["--initialization=ticket", "--levels=2", "--runs=1", "--quiet"];
  const data = flags.find((flag) => flag.startsWith("--mnist-location"))!;
  await succeed("random-sparsity", data, `--experiment-path=${folder}/all/random`, ...controls);
  for (const task of ["random-sparsity", "reinitialize"]) {
    const { code, stderr } = await runTask(task, [data, `--experiment-path=${folder}/all`]);
    assertEquals(code, 1);
    const names = ["magnitude", "global", "random"].map((name) => `${folder}/all/${name}`);
    assertStringIncludes(stderr, `: give one of ${names.join(", ")} with --experiment-path\n`);
  }
  const report = await succeed("report", `${folder}/all`);
  assertEquals(report.stderr, "");
  assertMatch(report.stdout, /^3 pruning methods on custom/);
  assertMatch(report.stdout, /^Random +\d+\.\d\d% \(\d\.\d\)/m);
  assertMatch(report.stdout, /^M2 +cannot tell +\S+ points .*global − magnitude/m);
  assertMatch(report.stdout, /^M4 +cannot tell .*no runs of rigl/m);
  const written = await readTree(`${folder}/all/report`);
  for (const figure of ["accuracy", "layers", "overlap"]) {
    assert(written.has(`${figure}.svg`) && written.has(`${figure}.vl.json`));
  }
  for (const table of ["ranks", "accuracies", "layers", "overlaps", "claims", "runs"]) {
    assert(written.has(`${table}.csv`) && written.has(`${table}.json`));
  }
  const kinds = Map.groupBy(
    JSON.parse(await Deno.readTextFile(`${folder}/all/report/runs.json`)) as { kind: string }[],
    ({ kind }) => kind,
  );
  assertEquals([...kinds].map(([kind, runs]) => [kind, runs.length]), [
    ...["magnitude", "global", "random"].map((kind) => [kind, 6]),
    ["shuffled random", 2],
  ]);
  // A pair's overlap, from the masks themselves.
  const overlaps = JSON.parse(await Deno.readTextFile(`${folder}/all/report/overlaps.json`));
  const of = ({ level, one, other }: Record<string, unknown>) =>
    level === 2 && one === "magnitude" && other === "random";
  let expected = 0;
  for (const trial of [1, 2]) {
    let both = 0, either = 0;
    for (const layer of ["layer0", "layer1"]) {
      const [a, b] = await Promise.all(METHODS.map(async (method) => {
        const path = `${folder}/all/${method}/trial${trial}/2/same_init/masks/${layer}.npy`;
        return decodeNpy(await Deno.readFile(path), path).data;
      }));
      for (let i = 0; i < a.length; i++) {
        both += Number(a[i] === 1 && b[i] === 1);
        either += Number(a[i] === 1 || b[i] === 1);
      }
    }
    expected += both / either / 2;
  }
  assertAlmostEquals(overlaps.find(of).jaccard, expected, 1e-12);
  await succeed("verify", `${folder}/all`);
  // A method's folder is an experiment like any other.
  const one = await succeed("report", `${folder}/all/random`);
  assertMatch(
    one.stdout,
    /^level +weights remaining +before training +ticket +random_sparsity_same_init$/m,
  );
});

Deno.test("report: what is missing, unknown or trained otherwise is named", async () => {
  const copy = `${folder}/copy`;
  await Deno.mkdir(copy);
  for (const path of (await readTree(`${folder}/all`)).keys()) {
    if (!path.startsWith("magnitude")) continue;
    await Deno.mkdir(`${copy}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    await Deno.copyFile(`${folder}/all/${path}`, `${copy}/${path}`);
  }
  const other = flags.filter((flag) => !/experiment-path|training-len/.test(flag));
  await succeed(
    ...["compare", ...other, "--training-len=20", "--methods=random"] as const,
    `--experiment-path=${copy}`,
  );
  const record = `${copy}/compare.json`;
  await Deno.remove(record);
  const there = flags.filter((flag) => !flag.startsWith("--experiment-path"));
  await succeed("compare", ...there, "--seed=1", "--methods=global", `--experiment-path=${copy}`);
  const { format } = JSON.parse(await Deno.readTextFile(record));
  const methods = ["magnitude", "global", "snip", "random", "oracle"];
  await Deno.writeTextFile(record, JSON.stringify({ format, methods }));
  const { stdout } = await succeed("report", copy);
  assertMatch(stdout, /^note: .*copy\/snip does not exist/m);
  assertMatch(
    stdout,
    /^note: global is not trained as magnitude is: training\.seed: 0, now 1: left out$/m,
  );
  assertMatch(
    stdout,
    /^note: random is not trained as magnitude is: .*iterations: 30, now 20.*: left out$/m,
  );
  // No rank, no claim.
  const ranks = JSON.parse(await Deno.readTextFile(`${copy}/report/ranks.json`));
  assertEquals(new Set(ranks.map(({ method }: { method: string }) => method)).size, 1);
  assertMatch(stdout, /no runs of random/);
  assertMatch(stdout, /^note: oracle is not a method of this version/m);
  await Deno.writeTextFile(record, "{");
  const { code, stderr } = await runTask("report", [copy]);
  assertEquals(code, 1);
  assertMatch(stderr, /^error: .*compare\.json is not what compare writes: [^\n]+\n$/);
});

Deno.test("compare: lines of an argfile that are trained otherwise are refused before training", async () => {
  const at = (name: string, ...args: string[]) =>
    [...flags, ...args].filter((flag) => !flag.startsWith("--experiment-path"))
      .concat(`--experiment-path=${folder}/${name}`).join(" ");
  const argfile = `${folder}/lines.txt`;
  await Deno.writeTextFile(
    argfile,
    [
      at("lines", "--methods=magnitude", "--trials=1").replace("--trials=1-2 ", ""),
      at("lines", "--methods=random").replace("--training-len=30", "--training-len=20"),
      at("lines", "--methods=global"),
      at("elsewhere", "--methods=random").replace("--training-len=30", "--training-len=10"),
    ].join("\n"),
  );
  for (const more of [[], ["--jobs=2"]]) {
    const { code, stdout, stderr } = await runTask("argfile-runner", ["compare", argfile, ...more]);
    assertEquals(code, 1, stderr);
    assertMatch(stdout, /^4 lines: .* 1 failed$/m);
    assertMatch(
      stderr,
      /lines\.txt:2: trains otherwise than line 1, .*training\.iterations: 30, now 20.*: give an/,
    );
    assertEquals([...part(await readTree(`${folder}/lines`), /\brandom\b/).keys()], []);
  }
});

Deno.test("compare: methods that are trained otherwise do not join, and nothing is written", async () => {
  const joining = (method: string, ...args: string[]) => {
    const given = args.map((arg) => arg.slice(0, arg.indexOf("=")));
    const others = flags.filter((flag) => !given.includes(flag.split("=")[0]));
    return runTask("compare", [...others, `--methods=${method}`, "--quiet", ...args]);
  };
  const before = await readTree(`${folder}/all`);
  for (
    const [flag, difference] of [
      ["--training-len=20", /training\.iterations: 30, now 20/],
      ["--seed=1", /training\.seed: 0, now 1/],
      ["--test-interval=15", /training\.testInterval: 10, now 15/],
      ["--prune-percents=layer0=.25", /pruning\.percents\.layer0: 0\.5, now 0\.25/],
      ["--rewind=10", /rewind\.to: "0", now "10"/],
      ["--layers=8", /network\.layers/],
    ] as const
  ) {
    const { code, stderr } = await joining("snip", flag);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: .*all\/magnitude\/trial1\/0\/same_init is not trained as [^\n]+\n$/,
    );
    assertMatch(stderr, difference);
    assertMatch(stderr, /give another --experiment-path/);
  }
  // A method's own runs of other trials count as well.
  const own = await joining("magnitude", "--trials=3", "--training-len=20");
  assertEquals(own.code, 1);
  assertMatch(own.stderr, /all\/magnitude\/trial1\/0\/same_init is not trained as /);
  assertSameTree(await readTree(`${folder}/all`), before);
});

Deno.test("compare: bad usage in one line, and nothing written", async () => {
  const place = await Workplace.make();
  try {
    const refused = (code: 1 | 2, arg: string, pattern: RegExp) =>
      place.assertTaskRefuses(
        "compare",
        code,
        [...flags, `--experiment-path=${place.folder}/new`].filter((flag, i, all) =>
          i === all.length - 1 || !flag.startsWith("--experiment-path")
        ).concat(arg),
        pattern,
      );
    await refused(2, "--criterion=random", /--criterion is not for compare: .* leave it out/);
    await refused(2, "--scope=global", /--scope is not for compare/);
    await refused(2, "--methods=magnitude,ramdom", /"ramdom"; the nearest is random/);
    await refused(2, "--methods=", /--methods expects a list/);
    await refused(2, "--output-dir=x", /unknown flag "--output-dir"/);
    await refused(
      2,
      "--rewind=10",
      /--methods rigl: --rewind applies to levels that are pruned between/,
    );
    await refused(2, "--prune-percents=layer7=.1", /names "layer7"/);
  } finally {
    await place.remove();
  }
  const seed = await runTask("compare", [...flags, "--seed=1", "--quiet"]);
  assertEquals(seed.code, 1);
  assertMatch(seed.stderr, /^error: .*all\/magnitude\/.* different experiment .*seed[^\n]*\n$/);
});
