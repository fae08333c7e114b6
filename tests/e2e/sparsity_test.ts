/**
 * Controls of random sparsity, and pruning in one shot: what they are made of, checked with NumPy.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runNumpy } from "../numpy.ts";
import {
  assertSameTree,
  readTree,
  runLottery,
  runTask,
  short,
  succeed,
} from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

let folder: string, data: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const LOAD = `
import os, sys
import numpy as np
root = sys.argv[1]
def load(run, what):
    folder = os.path.join(root, run, what)
    return {f[:-4]: np.load(os.path.join(folder, f)) for f in sorted(os.listdir(folder)) if f.endswith(".npy")}
`;

Deno.test("random-sparsity: as many live weights per layer, elsewhere; weights of reinit, or of level 0", async () => {
  const path = `--experiment-path=${folder}/base`;
  await runLottery(data, ...short("--trials=1-2", "--seed=3", path));
  const flags = ["--initialization=random,ticket", "--runs=1-2", "--levels=1-2"];
  const { stdout, stderr } = await succeed("random-sparsity", data, path, ...flags);
  assertMatch(stderr, /16 of 16 to train/);
  assertMatch(stdout, /ticket +random_sparsity +random_sparsity_same_init\n/);
  await succeed("reinitialize", data, path, "--runs=1-2", "--levels=1-2");
  const before = await readTree(`${folder}/base`);
  const again = await succeed("random-sparsity", data, path, ...flags);
  assertMatch(again.stderr, /0 of 16 to train/);
  assertSameTree(await readTree(`${folder}/base`), before);
  const checked = await runNumpy(
    `${LOAD}
checked = 0
for trial in (1, 2):
    full = load(f"trial{trial}/0/same_init", "initial")
    for level in (1, 2):
        ticket = load(f"trial{trial}/{level}/same_init", "masks")
        seen = []
        for number in (1, 2):
            at = f"trial{trial}/{level}"
            random, same = f"{at}/random_sparsity{number}", f"{at}/random_sparsity_same_init{number}"
            reinit = load(f"{at}/reinit{number}", "initial")
            for run in (random, same):
                masks, initial, final = load(run, "masks"), load(run, "initial"), load(run, "final")
                for layer, mask in masks.items():
                    assert mask.sum() == ticket[layer].sum(), f"{run} {layer}"
                    if mask.size > 500: assert (mask != ticket[layer]).mean() > 0.1, f"{run} {layer}: not shuffled"
                    assert (initial[layer][mask == 0] == 0).all() and (final[layer][mask == 0] == 0).all()
                    assert (final[layer] != initial[layer]).any()
                    both = (mask == 1) & (ticket[layer] == 1)
                    theirs = reinit[layer] if run == random else full[layer]
                    live = both if run == random else mask == 1
                    assert (initial[layer][live] == theirs[live]).all(), f"{run} {layer}: other weights"
                    checked += 1
            seen.append(load(random, "masks")["layer0"])
            assert (load(random, "masks")["layer0"] == load(same, "masks")["layer0"]).all()
        assert (seen[0] != seen[1]).any(), "runs have masks of their own"
        # Evenly spread: of a shuffled mask, rows have their share, more or less.
        rows = seen[0].mean(axis=1); assert abs(rows - seen[0].mean()).max() < 0.45
print(checked)
`,
    [`${folder}/base`],
  );
  assertEquals(checked.trim(), "48");
  const replay = await succeed("verify", data, `${folder}/base`, "--replay");
  assertMatch(replay.stdout, /^30 runs: 30 whole, 0 damaged, 0 unfinished$/m);
  assert(!/differ/.test(replay.stdout), replay.stdout);
});

Deno.test("one-shot: each level keeps the largest final weights of level 0, as many as level by level", async () => {
  const path = `${folder}/once`, usual = `${folder}/usual`;
  const flags = [data, ...short("--seed=5")];
  await runLottery(...flags, `--experiment-path=${usual}`);
  await runLottery(...flags, "--one-shot", `--experiment-path=${path}`);
  const code = `${LOAD}
final, full = load("trial1/0/same_init", "final"), load("trial1/0/same_init", "initial")
for level in (1, 2):
    run = f"trial1/{level}/same_init"
    masks, initial = load(run, "masks"), load(run, "initial")
    for layer, mask in masks.items():
        usual = np.load(os.path.join(sys.argv[2], run, "masks", layer + ".npy"))
        assert mask.sum() == usual.sum(), f"{run} {layer}"
        if level == 1: assert (mask == usual).all()
        kept, pruned = abs(final[layer][mask == 1]), abs(final[layer][mask == 0])
        assert kept.min() >= pruned.max(), f"{run} {layer}"
        assert (initial[layer][mask == 1] == full[layer][mask == 1]).all()
    if level == 2: assert any((mask != np.load(os.path.join(sys.argv[2], run, "masks", layer + ".npy"))).any() for layer, mask in masks.items())
print("right")
`;
  assertEquals((await runNumpy(code, [path, usual])).trim(), "right");
  const record = JSON.parse(await Deno.readTextFile(`${path}/trial1/2/same_init/run.json`));
  assertEquals(record.pruning.oneShot, true);
  // The two are different experiments, and repeat themselves.
  const { code: refused, stderr } = await runTask("run-lottery", [
    ...flags,
    `--experiment-path=${path}`,
  ]);
  assertEquals(refused, 1);
  assertStringIncludes(stderr, "oneShot: true, now false");
  const before = await readTree(path);
  await runLottery(...flags, "--one-shot", `--experiment-path=${path}`);
  assertSameTree(await readTree(path), before);
});

Deno.test("random-sparsity --places inverted: as many weights, none that SNIP needs; repeated and reported", async () => {
  const path = `--experiment-path=${folder}/snip`;
  const snip = ["--prune-at=init", "--criterion=snip", "--score-batches=2"];
  await runLottery(data, ...snip, ...short("--trials=1-2", "--seed=3", path));
  const flags = [path, "--places=shuffled,inverted", "--initialization=ticket", "--runs=1"];
  const { stdout, stderr } = await succeed("random-sparsity", data, ...flags, "--levels=1-2");
  assertMatch(stderr, /8 of 8 to train/);
  assertMatch(stdout, /ticket +random_sparsity_same_init +inverted\n/);
  const before = await readTree(`${folder}/snip`);
  const again = await succeed("random-sparsity", data, ...flags, "--levels=1-2");
  assertMatch(again.stderr, /0 of 8 to train/);
  assertSameTree(await readTree(`${folder}/snip`), before);
  const shared = await runNumpy(
    `${LOAD}
def flat(run): return np.concatenate([m.ravel() for m in load(run, "masks").values()])
for trial in (1, 2):
    full = load(f"trial{trial}/0/same_init", "initial")
    for level in (1, 2):
        ticket, inverted = flat(f"trial{trial}/{level}/same_init"), flat(f"trial{trial}/{level}/inverted1")
        assert ticket.sum() == inverted.sum()
        # Of n weights k stay in both: the largest and the smallest k of one order have the middle in common.
        both, n, k = (ticket * inverted).sum(), ticket.size, ticket.sum()
        assert both <= max(0, 2 * k - n) + 3, f"{both} of {k} in {n}"
        initial, masks = load(f"trial{trial}/{level}/inverted1", "initial"), load(f"trial{trial}/{level}/inverted1", "masks")
        for layer, mask in masks.items(): assert (initial[layer] == full[layer] * mask).all()
print("right")
`,
    [`${folder}/snip`],
  );
  assertEquals(shared.trim(), "right");
  const replay = await succeed("verify", data, `${folder}/snip`, "--replay");
  assertMatch(replay.stdout, /^16 runs: 16 whole, 0 damaged, 0 unfinished$/m);
  assert(!/differ/.test(replay.stdout), replay.stdout);
  const report = await succeed("report", `${folder}/snip`);
  assertMatch(report.stdout, /^level +weights remaining .*inverted$/m);
});

Deno.test("random-sparsity --places: bad usage in one line", async () => {
  const refused = async (code: number, message: string, ...flags: string[]) => {
    const run = await runTask("random-sparsity", flags);
    assertEquals([run.code, run.stderr.trim().split("\n").length], [code, 1], run.stderr);
    assertStringIncludes(run.stderr, message);
  };
  await refused(2, "the nearest is inverted", "--places=invert");
  await refused(
    ...[
      2,
      "--initialization random,ticket applies to --places shuffled alone, and inverted",
    ] as const,
    ...["--places=inverted", "--initialization=random,ticket"],
  );
  await refused(
    ...[
      1,
      "belongs to a lottery that scores trained weights, and inverted scores are those of",
    ] as const,
    ...[data, `--experiment-path=${folder}/base`, "--places=inverted", "--quiet"],
  );
});

Deno.test("random-sparsity: bad usage in one line", async () => {
  const unknown = await runTask("random-sparsity", ["--initialization=tickets"]);
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.stderr, "the nearest is ticket");
  const nothing = await runTask("random-sparsity", [data, `--experiment-path=${folder}/nothing`]);
  assertEquals(nothing.code, 1);
  assertStringIncludes(nothing.stderr, "holds no finished run of a lottery experiment");
});
