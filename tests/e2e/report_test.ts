/**
 * `deno task report` on real experiments: its numbers against NumPy's, and what it says of bad
 * ones.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { DenseSpec } from "../../src/engine/layer_spec.ts";
import { decodeRecord, encodeRecord } from "../../src/records/record.ts";
import { runNumpy } from "../numpy.ts";
import {
  readTree,
  runLottery,
  runTask,
  short,
  startTask,
  succeed,
} from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";
import { parseConfig } from "../../src/runs/schema.ts";

let folder: string, data: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
  const base = `--experiment-path=${folder}/base`;
  await runLottery(data, ...short("--trials=1-3", "--no-control", base));
  await succeed("reinitialize", data, base, "--runs=1-2");
  await succeed("random-sparsity", data, base, "--runs=1");
  const oneShot = ["--one-shot", `--experiment-path=${folder}/one-shot`];
  await runLottery(data, ...short("--trials=1-3", ...oneShot));
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** A copy of the experiment, to be damaged. */
async function copyOf(name: string): Promise<string> {
  const copy = `${folder}/${name}`;
  for (const path of (await readTree(`${folder}/base`)).keys()) {
    if (path.startsWith("report")) continue;
    const file = `${copy}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${folder}/base/${path}`, file);
  }
  return copy;
}

const CHECK = `
import csv, json, os, sys
import numpy as np
root, one_shot, out = sys.argv[1:4]
def rows(name):
    with open(f"{out}/{name}.csv", newline="") as f: return list(csv.DictReader(f))
def log(run, phase):
    with open(f"{run}/{phase}.log") as f: cells = [line.strip().split(",") for line in f]
    return [(int(c[1]), float(c[3]), float(c[5])) for c in cells]
def load(run, what, layer): return np.load(f"{run}/{what}/{layer}.npy")
def close(a, b, what): assert abs(float(a) - b) < 1e-6 * max(1, abs(b)), f"{what}: {a} not {b}"

def results(run):
    validate, test, train = (dict((i, (l, a)) for i, l, a in log(run, p)) for p in ("validate", "test", "train"))
    stop = min(validate, key=lambda i: (validate[i][0], i))
    last = [a for _, a in list(train.values())[-100:]]
    return stop, 100 * test[stop][1], 100 * test[max(test)][1], 100 * np.mean(last)

names = {"ticket": "same_init", "reinit": "reinit", "random_sparsity": "random_sparsity", "one_shot": "same_init"}
seen = 0
for row in rows("runs"):
    base = one_shot if row["kind"] == "one_shot" else root
    number = "" if row["run"] == "0" else row["run"]
    run = f'{base}/trial{row["trial"]}/{row["level"]}/{names[row["kind"]]}{number}'
    assert row["folder"] == run, (row["folder"], run)
    for key, value in zip(("early_stop_iteration", "early_stop_test_accuracy", "final_test_accuracy", "final_train_accuracy"), results(run)):
        close(row[key], value, f"{run} {key}")
    masks = [load(run, "masks", f"layer{i}") for i in range(3)]
    close(row["weights_remaining"], 100 * sum(m.sum() for m in masks) / sum(m.size for m in masks), run)
    seen += 1
assert seen == 3 * 3 * 5, seen

levels = rows("levels")
assert len(levels) == 12
for row in levels:
    of = [r for r in rows("runs") if r["kind"] == row["kind"] and r["level"] == row["level"]]
    trials = {}
    for r in of: trials.setdefault(r["trial"], []).append(float(r["early_stop_test_accuracy"]))
    means = [np.mean(v) for v in trials.values()]
    close(row["early_stop_test_accuracy"], np.mean(means), "mean")
    close(row["early_stop_test_accuracy_min"], min(means), "min")
    close(row["early_stop_test_accuracy_max"], max(means), "max")
    low, high = (float(row[f"early_stop_test_accuracy_{end}"]) for end in ("low", "high"))
    ends = [min(means), low, np.mean(means), high, max(means)]
    assert all(a <= b + 1e-9 for a, b in zip(ends, ends[1:])), ends
    assert int(row["runs"]) == len(of) and int(row["trials"]) == 3

for row in rows("layers"):
    run = f'{root}/trial{row["trial"]}/{row["level"]}/same_init'
    layer = row["layer"]
    mask, initial, final = (load(run, what, layer).astype(np.float64) for what in ("masks", "initial", "final"))
    close(row["live"], mask.sum(), "live")
    close(row["no_input"], (mask.sum(0) == 0).sum(), "no input")
    close(row["unused_inputs"], (mask.sum(1) == 0).sum(), "unused")
    close(row["distance"], np.linalg.norm((final - initial)[mask == 1]), "distance")
    close(row["mean_change"], np.abs(final - initial)[mask == 1].mean(), "change")
    close(row["signs_kept"], 100 * (final * initial > 0)[mask == 1].mean(), "signs")
    close(row["in_degree_mean"], mask.sum(0).mean(), "degree")

between = set()
for row in rows("overlaps"):
    def masks(text, base):
        trial, level = text.replace("trial ", "").replace("level ", "").split(", ")
        return load(f"{base}/trial{trial}/{level}/same_init", "masks", row["layer"]) == 1
    a = masks(row["one"], root)
    b = masks(row["other"], one_shot if row["between"] == "iterative and one-shot" else root)
    close(row["jaccard"], (a & b).sum() / (a | b).sum(), "jaccard")
    p, q = a.mean(), b.mean()
    close(row["by_chance"], p * q / (p + q - p * q), "chance")
    between.add(row["between"])
assert between == {"trials", "levels", "iterative and one-shot"}, between
assert json.load(open(f"{out}/runs.json"))[0]["kind"] == "ticket"
print("checked")
`;

Deno.test("report: every number is NumPy's; each figure as SVG and specification, each table as CSV and JSON", async () => {
  const out = `${folder}/report`;
  const roots = [`${folder}/base`, `${folder}/one-shot`];
  const { stdout, stderr } = await succeed("report", ...roots, `--output-dir=${out}`);
  assertEquals(stderr, "");
  assertMatch(stdout, /784-40-20-10 on custom/);
  assertMatch(stdout, /ticket +reinit +random_sparsity +one_shot\n/);
  assertMatch(stdout, /4c +cannot tell/);
  assertStringIncludes(stdout, `Report: ${out}/report.html`);
  // The one control that run-lottery trains by itself is that of a one-shot ticket here.
  assertMatch(stdout, /note: .*one-shot\/trial1\/2\/reinit1 is a control of a one-shot ticket/);
  assertStringIncludes(await runNumpy(CHECK, [roots[0], roots[1], out]), "checked");
  const names = [...(await readTree(out)).keys()];
  const figures = names.filter((name) => name.endsWith(".svg")).map((name) => name.slice(0, -4));
  assertEquals(figures, [
    "before-training",
    "degrees",
    "early-stop",
    "end-of-training",
    "finding",
    "layers",
    "movement",
    "overlap",
    "pixels",
    "test-accuracy",
    "validation-loss",
    "weights",
  ]);
  const html = await Deno.readTextFile(`${out}/report.html`);
  for (const figure of figures) {
    const spec = JSON.parse(await Deno.readTextFile(`${out}/${figure}.vl.json`));
    assertStringIncludes(spec.$schema, "vega-lite");
    assertStringIncludes(html, `id="${figure}"`);
  }
  for (const table of ["claims", "layers", "levels", "overlaps", "runs"]) {
    assert(names.includes(`${table}.csv`) && names.includes(`${table}.json`));
  }
  assert(!/<script|\bsrc=|url\((?!#)|@import|<link/.test(html), "the page fetches nothing");
  // The drawings beside an experiment are as `verify` wants them.
  await succeed("report", `${folder}/base`);
  await succeed("verify", `${folder}/base`);
});

Deno.test("report --connectivity: tickets compared on the engine; other examples are refused", async () => {
  const out = `--output-dir=${folder}/connected`;
  const { stdout } = await succeed(
    "report",
    `${folder}/base`,
    "--connectivity",
    data,
    out,
    "--json",
  );
  const [study] = JSON.parse(stdout).studies;
  assert(study.figures.some(({ name }: { name: string }) => name === "connectivity"));
  const rows = JSON.parse(await Deno.readTextFile(`${folder}/connected/connectivity.json`));
  // Three pairs of trials at each of the levels near 100% and 64%... no paper density but the
  // first.
  const kinds = rows.map(({ kind, level }: { kind: string; level: number }) => `${kind} ${level}`);
  assertEquals(kinds, ["between trials 0", "between trials 0", "between trials 0"]);
  for (const { barrier, disagreement } of rows) {
    assert(barrier > 0 && disagreement > 0 && disagreement < 100);
  }
  const other = await runTask("report", [
    `${folder}/base`,
    "--connectivity",
    "--mnist-location=/nonexistent",
  ]);
  assertEquals(other.code, 1);
  assertMatch(other.stderr, /^error: .*\/nonexistent/m);
});

Deno.test("report: missing, unfinished, damaged and foreign runs are named, the others shown", async () => {
  const copy = await copyOf("damaged");
  await Deno.remove(`${copy}/trial2/1/reinit2`, { recursive: true });
  for (const run of ["reinit1", "reinit2", "random_sparsity1"]) {
    for (const level of [0, 1, 2]) {
      await Deno.remove(`${copy}/trial3/${level}/${run}`, { recursive: true });
    }
  }
  await Deno.mkdir(`${copy}/trial4/0/same_init`, { recursive: true });
  await Deno.writeTextFile(`${copy}/trial4/0/same_init/.unfinished`, "");
  await Deno.remove(`${copy}/trial3/2/same_init/run.json`);
  await Deno.writeTextFile(`${copy}/trial3/2/same_init/.unfinished`, "");
  const flip = async (path: string) => {
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 3] ^= 1;
    await Deno.writeFile(path, bytes);
  };
  await flip(`${copy}/trial1/1/same_init/masks/layer1.npy`);
  await flip(`${copy}/trial1/0/same_init/test.log`);
  await flip(`${copy}/trial2/2/reinit1/run.json`);
  // A record that is sealed, and of another network than the run's arrays.
  const other = `${copy}/trial2/1/reinit1/run.json`;
  const record = await decodeRecord(await Deno.readFile(other));
  assert(typeof record !== "string", `${record}`);
  const config = parseConfig(record, other);
  (config.network.layers.at(-1) as DenseSpec).units++;
  const run = other.slice(0, -"/run.json".length);
  const files = new Map<string, Uint8Array>();
  for (const file of Object.keys(record.files)) {
    files.set(file, await Deno.readFile(`${run}/${file}`));
  }
  await Deno.writeFile(other, await encodeRecord({ ...record, ...config }, files));
  const wide = ["--layers=30", "--trials=1", `--experiment-path=${copy}/wide`];
  await runLottery(data, ...short(...wide));
  const shown = await succeed("report", copy);
  assertMatch(shown.stdout, /note: .*trial1\/0\/same_init\/test.log has changed/);
  assertMatch(shown.stdout, /note: and \d+ more\n/);
  const left = shown.stderr.split("\n").filter((line) => line.includes("left out"));
  for (
    const file of [
      "trial2/2/reinit1/run.json has changed since it was written",
      "trial2/1/reinit1/masks/layer2.npy has the shape",
      "trial1/1/same_init/masks/layer1.npy has changed",
      "trial1/0/same_init/test.log has changed",
    ]
  ) {
    const [line, ...more] = left.filter((line) => line.includes(`${copy}/${file}`));
    assertMatch(line ?? shown.stderr, /run the command that trained|move the run's folder away/);
    assertEquals(more, []);
  }
  const { studies, notes } = JSON.parse((await succeed("report", copy, "--json")).stdout);
  const said = [...notes, ...studies[0].notes].map((note) => `note: ${note}\n`).join("") +
    studies[1].title;
  for (
    const line of [
      /note: missing: reinit 2, trial 2, level 1\n/,
      /note: missing: ticket, trial 3, level 2\n/,
      /note: missing: reinit 1, trial 3, level 0\n/,
      /note: not finished: .*trial4\/0\/same_init/,
      /note: not finished: .*trial3\/2\/same_init/,
      /note: .*trial1\/1\/same_init\/masks\/layer1.npy has changed since it was written/,
      /note: .*trial1\/0\/same_init\/test.log has changed since it was written/,
      /note: .*trial2\/2\/reinit1\/run.json .*: left out/,
      /note: trained otherwise: \d+ runs \(network\.layers.*\), in a section of their own/,
      /784-30-10 on custom/,
    ]
  ) assertMatch(said, line);
  const html = await Deno.readTextFile(`${copy}/report/report.html`);
  assertStringIncludes(html, "784-30-10 on custom");
  assertStringIncludes(html, "missing: ticket, trial 3, level 2");
  assertStringIncludes(html, "not finished: ");
  assert((await readTree(`${copy}/report`)).has("study2/early-stop.svg"));
  assert(!/NaN|undefined/.test(html));
});

Deno.test("report: one trial, one level, no validation split", async () => {
  const path = `${folder}/single`;
  const flags = ["--validation-size=0", "--iterations=0", `--experiment-path=${path}`];
  await runLottery(data, ...short(...flags));
  const { stdout } = await succeed("report", path);
  assertMatch(stdout, /With 1 trial these are examples, not proofs/);
  assertMatch(stdout, /no early stop: there is no validation split/);
  const html = await Deno.readTextFile(`${path}/report/report.html`);
  assert(!html.includes('id="early-stop"') && html.includes('id="end-of-training"'));
  assert(!/NaN|undefined/.test(html));
});

Deno.test("report: nothing to report on, and flags that cannot be", async () => {
  await Deno.mkdir(`${folder}/empty`);
  for (
    const [args, code, error] of [
      [[`${folder}/empty`], 1, /^error: .*empty holds no finished run: give the folder of an exp/],
      [[`${folder}/none`], 1, /^error: .*none does not exist: give the folder of an experiment/],
      [[], 2, /^error: EXPERIMENT is missing/],
      [[`${folder}/base`, "--percents=0,50"], 2, /^error: --percents expects numbers from 0.01 /],
      [[`${folder}/base`, "--watch", "--json"], 2, /^error: --watch and --json exclude each other/],
    ] as const
  ) {
    const outcome = await runTask("report", args);
    assertEquals([outcome.code, outcome.stdout], [code, ""], outcome.stderr);
    assertMatch(outcome.stderr, error);
    assertEquals(outcome.stderr.trim().split("\n").length, 1);
  }
});

Deno.test("report --watch: written again when a run is finished, until it is interrupted", async () => {
  const copy = await copyOf("watched");
  await Deno.rename(`${copy}/trial3`, `${folder}/later`);
  const child = startTask("report", [copy, "--watch"]);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) {
      const { value, done } = await reader.read();
      assert(!done, `it ended before ${pattern}: ${text}`);
      text += value;
    }
  };
  await until(/runs of 2 trials[^]*Report: /);
  const page = `${copy}/report/report.html`;
  assertStringIncludes(await Deno.readTextFile(page), 'http-equiv="refresh"');
  await Deno.rename(`${folder}/later`, `${copy}/trial3`);
  await until(/runs of 3 trials[^]*Report: /);
  child.kill("SIGINT");
  const { code } = await child.status;
  await reader.cancel();
  await child.stderr.cancel();
  assertEquals(code, 0);
  assert(!(await Deno.readTextFile(page)).includes('http-equiv="refresh"'));
});
