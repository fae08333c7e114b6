/**
 * `--keep-scores` from the command line: NumPy's masks by these files, the report, verify and
 * compare.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runNumpy } from "../numpy.ts";
import { part, readTree, runLottery, short, succeed } from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

let folder: string, data: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const KEPT = [0, 1].flatMap((level) =>
  [0, 1, 2].map((l) => `trial1/${level}/scores/layer${l}.npy`)
);

/** Prunes by the kept scores alone, and counts the bars of the figure. */
const CHECK = `
import json, sys
import numpy as np
root, spec = sys.argv[1:]
panels = json.load(open(spec))["concat"]
for level in range(2):
    for l, percent in enumerate([.2, .2, .1]):
        scores = np.load(f"{root}/trial1/{level}/scores/layer{l}.npy")
        before, after = (np.load(f"{root}/trial1/{at}/same_init/masks/layer{l}.npy") for at in (level, level + 1))
        assert scores.dtype == "<f4" and scores.shape == before.shape
        live = np.flatnonzero(before)
        order = live[np.argsort(scores.ravel()[live], kind="stable")]
        gone = order[:int(np.floor(percent * live.size + .5))]
        mask = before.ravel().copy()
        mask[gone] = 0
        assert (mask == after.ravel()).all(), (level, l)
        layers = panels[3 * level + l]["layer"]
        bars = layers[0]["data"]["values"]
        assert sum(b["high"] - b["low"] for b in bars if b["series"] == "Pruned") == gone.size
        assert sum(b["high"] - b["low"] for b in bars if b["series"] == "Kept") == live.size - gone.size
        assert layers[1]["data"]["values"][0]["at"] == np.float64(scores.ravel()[gone].max())
print("checked")
`;

Deno.test("kept scores: masks and figure follow from them; nothing else of the experiment differs", async () => {
  const kept = `${folder}/kept`, plain = `${folder}/plain`;
  await runLottery(data, ...short(`--experiment-path=${plain}`));
  await runLottery(data, ...short(`--experiment-path=${kept}`, "--keep-scores"));
  const tree = await readTree(kept), scores = [...part(tree, /\/scores\//).keys()];
  assertEquals(scores, KEPT);
  const others = [...tree.keys()].filter((path) => !scores.includes(path));
  const expected = await readTree(plain);
  assertEquals(others, [...expected.keys()]);
  for (const path of others) assertEquals([path, tree.get(path)], [path, expected.get(path)]);
  const { stdout } = await succeed("verify", kept);
  assertMatch(stdout, /4 runs/);
  const { stderr } = await succeed("report", kept);
  assertEquals(stderr, "");
  const html = await Deno.readTextFile(`${kept}/report/report.html`);
  assertStringIncludes(html, 'id="scores"');
  assertStringIncludes(html, "Live weights of trial 1 by their score (magnitude)");
  const checked = await runNumpy(CHECK, [kept, `${kept}/report/scores.vl.json`]);
  assertStringIncludes(checked, "checked");
  await succeed("report", plain);
  assert(!(await readTree(plain)).has("report/scores.svg"));
});

Deno.test("a damaged file of scores is named, and the report has the other levels", async () => {
  const kept = `${folder}/damaged`, path = `${kept}/trial1/1/scores/layer1.npy`;
  await runLottery(data, ...short(`--experiment-path=${kept}`, "--keep-scores", "--one-shot"));
  await runLottery(data, ...short(`--experiment-path=${kept}`, "--overwrite", "--keep-scores"));
  await Deno.writeFile(path, new Uint8Array(10));
  await succeed("verify", kept);
  const { stdout } = await succeed("report", kept);
  assertStringIncludes(stdout, path);
  const spec = JSON.parse(await Deno.readTextFile(`${kept}/report/scores.vl.json`));
  assertEquals(spec.concat.length, 3);
});

Deno.test("compare --keep-scores: of every method that prunes between or before runs", async () => {
  const all = `--experiment-path=${folder}/compared`, methods = "--methods=magnitude,snip,gmp";
  await succeed(
    "compare",
    data,
    ...short(all, methods, "--iterations=1", "--dynamic-interval=10"),
    "--keep-scores",
  );
  const kept = part(await readTree(`${folder}/compared`), /\/scores\/layer0/);
  assertEquals([...kept.keys()], [
    "magnitude/trial1/0/scores/layer0.npy",
    "snip/trial1/0/scores/layer0.npy",
  ]);
});
