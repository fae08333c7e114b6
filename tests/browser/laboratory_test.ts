import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Page } from "playwright-core";
import { decodeNpy } from "../../src/formats/npy.ts";
import { decodeSafetensors } from "../../src/formats/safetensors.ts";
import { predict } from "../../src/models/predict.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { runLottery, succeed, withFolder } from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";
import { runNumpy } from "../numpy.ts";
import { type Held, openClient, type TabClient, withSite } from "./site_page.ts";
import { askForFile, askWithFiles, treeDigests } from "./tab_files.ts";

/**
 * The settings of all experiments here: a pruning and 20 iterations of LeNet-300-100. With SGD,
 * whose steps are as small as its gradients: Adam takes whole steps where a gradient is nothing but
 * rounding, and 20 of them can differ by 0.007 in such weights.
 */
const ARGS = [
  "--optimizer=sgd",
  "--validation-size=500",
  "--training-len=20",
  "--iterations=1",
  "--test-interval=20",
  "--validate-interval=20",
];
const EXPERIMENT = "results/custom-quick";
const FULL = `${EXPERIMENT}/trial1/0/same_init`;

/** Says of an unpacked experiment and another one how far level 0's final weights are apart. */
const COMPARE = `
import json, sys
import numpy as np
there, here = sys.argv[1:]
run = "trial1/{}/{}"
apart, masks = 0.0, 0
for layer in ["layer0", "layer1", "layer2"]:
    a, b = (np.load(f"{root}/trial1/0/same_init/final/{layer}.npy") for root in (there, here))
    assert a.dtype == "<f4" and a.shape == b.shape, (a.dtype, a.shape, b.shape)
    apart = max(apart, float(np.abs(a - b).max()))
    masks += int(np.load(f"{there}/trial1/1/same_init/masks/{layer}.npy").sum())
accuracies = [[json.load(open(f"{root}/trial1/{run}/metrics.json"))["test"][-1]["accuracy"]
               for run in ("0/same_init", "1/same_init", "1/reinit1")] for root in (there, here)]
print(json.dumps({"apart": apart, "live": masks, "accuracies": accuracies}))
`;

/** The files of a folder by name. */
async function readFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for await (const { name } of Deno.readDir(folder)) {
    files[name] = await Deno.readFile(`${folder}/${name}`);
  }
  return files;
}

/** Packs a folder as Python does, with the folder's name in front. */
async function pack(folder: string, name: string, archive: string): Promise<Uint8Array> {
  const script = "import shutil, sys; shutil.make_archive(*sys.argv[1:2], 'zip', *sys.argv[2:])";
  await runNumpy(script, [archive, folder, name]);
  return await Deno.readFile(`${archive}.zip`);
}

Deno.test("an experiment in the page's worker is the command line's", async (context) => {
  const step = async (name: string, run: () => Promise<void>) => {
    await context.step(name, run);
  };
  await withFolder((folder) =>
    withSite(async ({ openTab, errors, strangers }) => {
      const data = `${folder}/data`, unpacked = `${folder}/unpacked`;
      await writeSmallMnist(data);
      const page = await openTab();
      const client = await openClient(page);

      await step("it says what it found, and what it lacks", async () => {
        const opened = await client.ask("open");
        assertEquals([opened.obstacle, opened.hasMnist], [null, false]);
        const found = await client.ask("gpu");
        assert(found.obstacle === null && found.adapter?.isSoftware);
        await refused(client, { args: ["--dataset=mnist"] }, /mnist is not in this browser/);
        await refused(client, { args: ["--seed=x"] }, /^--seed/);
        await refused(client, { args: ["--learning-rat=1"] }, /nearest is --learning-rate/);
      });

      await step("dropped files are kept, and others refused", async () => {
        const { "x_train.npy": images, ...others } = await readFiles(data);
        const { hasMnist, missing } = await askWithFiles<{ hasMnist: boolean; missing: string[] }>(
          page,
          "storeMnist",
          others,
        );
        assertEquals([hasMnist, missing], [false, ["x_train.npy"]]);
        await assertRejects(
          () => askWithFiles(page, "storeMnist", { "cat.png": images }),
          Error,
          "cat.png is not a file of MNIST",
        );
        const whole = await askWithFiles(page, "storeMnist", { "x_train (1).npy": images });
        assertEquals(whole, { stored: ["x_train.npy"], missing: [], hasMnist: true });
        const bytes = [images, ...Object.values(others)].reduce(
          (sum, { length }) => sum + length,
          0,
        );
        assertEquals((await client.ask("space")).used, bytes);
      });

      await step("a fault of the program is told with the worker's own stack", async () => {
        const stack = await page.evaluate(async () => {
          const { held } = globalThis as unknown as { held: Held };
          return await held.client.ask("predict", {}).catch((error) => error.stack);
        });
        assertMatch(String(stack), /^TypeError: .*\n +at .*\/worker\.js:\d+/);
      });

      await step("it trains as Deno does", async () => {
        const end = await client.ask("run", { task: "run-lottery", args: ARGS });
        assert(end.state === "finished" && end.text.includes("1 reinitialized"), end.state);
        await runLottery(...ARGS, "--mnist-location", data, "--experiment-path", `${folder}/here`);
        const zip = await askForFile(page, "exportZip", { path: EXPERIMENT });
        await Deno.writeFile(`${folder}/there.zip`, zip);
        const extract = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); z.testzip(); " +
          "z.extractall(sys.argv[2])";
        await runNumpy(extract, [`${folder}/there.zip`, unpacked]);
        const there = `${unpacked}/custom-quick`;
        const { apart, live, accuracies } = JSON.parse(
          await runNumpy(COMPARE, [there, `${folder}/here`]),
        );
        assert(apart < 1e-4, `final weights differ by ${apart}`);
        assertEquals(live, 0.8 * (784 * 300 + 300 * 100) + 0.9 * 1000);
        accuracies[0].forEach((accuracy: number, i: number) =>
          assert(Math.abs(accuracy - accuracies[1][i]) <= 0.01, JSON.stringify(accuracies))
        );
        await succeed("verify", there);
        const { stdout } = await succeed("report", there);
        assert(/3 finished runs of 1 trial: 2 ticket, 1 reinit/.test(stdout), stdout);
      });

      await step("it tells what it does", () => checkEvents(client));
      await step("a finished experiment can be looked at", () => checkView(client));

      await step("networks say what they see", async () => {
        const pixels = Array.from({ length: 784 }, (_, i) => i % 28 === 14 ? 0.8 : 0);
        const [{ probabilities }] = await client.ask("predict", {
          pixels,
          networks: [{ folder: FULL, isTrained: true }],
        });
        const storage = new DenoStorage(), run = `${unpacked}/custom-quick/trial1/0/same_init`;
        const record = JSON.parse(await Deno.readTextFile(`${run}/run.json`));
        const weights = await restoreNetwork(storage, `${run}/final`);
        const biases = await restoreNetwork(storage, `${run}/final_biases`);
        assertEquals([predict(record.network.layers, weights, biases, [pixels])[0]], [
          probabilities,
        ]);
      });

      await step("a ticket leaves as safetensors", async () => {
        const folder = `${EXPERIMENT}/trial1/1/same_init`;
        const { tensors } = decodeSafetensors(
          await askForFile(page, "exportTicket", { folder }),
          "",
        );
        const path = `${unpacked}/custom-quick/trial1/1/same_init/masks/layer0.npy`;
        const { data } = decodeNpy(await Deno.readFile(path), path);
        assertEquals(tensors["masks/layer0"].data, data as Float32Array);
      });

      await step(
        "an archive of the command line's side comes in, a damaged one does not",
        async () => {
          const zip = await pack(folder, "here", `${folder}/mine`);
          const { path } = await askWithFiles<{ path: string }>(page, "importZip", {
            "x.zip": zip,
          });
          assertEquals(path, "results/here");
          const again = await askWithFiles(page, "importZip", { "x.zip": zip });
          assertEquals(again, { path: "results/here-2" });
          assertEquals(await treeDigests(page, path), await treeDigests(page, "results/here-2"));
          assertEquals((await client.ask("view", { path })).runs.length, 3);
          await refuseArchives(page, zip, folder);
          const paths = (await client.ask("list")).map((entry) => entry.path);
          assertEquals(paths, [EXPERIMENT, "results/here", "results/here-2"]);
        },
      );

      await step("an experiment is deleted", async () => {
        await client.ask("remove", { path: "results/here-2" });
        await assertRejects(() => client.ask("remove", { path: "results" }), Error, "nothing was");
        assertEquals((await client.ask("list")).length, 2);
      });

      assertEquals([errors, strangers], [[], []]);
    })
  );
});

async function refused(client: TabClient, { args }: { args: string[] }, pattern: RegExp) {
  const error = await assertRejects(() => client.ask("run", { task: "run-lottery", args }), Error);
  const message = error.message.replace(/^page\.evaluate: \w+: /, "");
  assert(pattern.test(message), message);
}

async function checkEvents(client: TabClient): Promise<void> {
  const events = await client.events();
  const begin = events.findLastIndex((event) => event.type === "step" && event.step === "prepare");
  const steps = events.slice(begin).flatMap((event) => event.type === "step" ? [event.step] : []);
  assertEquals(
    steps,
    ["prepare", "train", "prune", "rewind", "train", "control", "report"],
  );
  const stages = events.flatMap((event) => event.type === "stage" ? [event.stage] : []);
  assertEquals(stages, ["level 0/1", "level 1/1", "control"]);
  const maps = events.flatMap((event) => event.type === "map" ? [event.map] : []);
  const live = maps.map(({ live }) => live.reduce((a, b) => a + b, 0));
  assertEquals(live, [235200, 188160, 188160]);
  assertEquals([maps[0].live.length, maps[0].width, maps[0].height], [784, 28, 28]);
  const scores = events.flatMap((event) => event.type === "scores" ? [event.scores] : []);
  assertEquals(scores.map(({ level, next }) => [level, next]), [[0, 1]]);
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  assertEquals(scores[0].histograms.map(({ kept, pruned }) => [sum(kept), sum(pruned)]), [
    ...[[188160, 47040], [24000, 6000], [900, 100]],
  ]);
  const runs = events.flatMap((event) => event.type === "run" ? [event.summary] : []);
  assertEquals(runs.map(({ kind, level }) => `${kind} ${level}`), [
    "ticket 0",
    "ticket 1",
    "reinit 1",
  ]);
  const progress = events.filter(({ type }) => type === "progress").at(-1);
  assert(progress?.type === "progress");
  // Three runs of 20 iterations of 60 examples, which pass them thrice; 500 and 500 are evaluated
  // at 0 and at the end.
  const work = 3 * (20 + 2 * (500 + 500) / 60 / 3);
  assertEquals([progress.done, progress.total].map(Math.round), [work, work].map(Math.round));
  assertEquals([progress.iteration, progress.iterations], [20, 20]);
  const activities = events.flatMap((event) => event.type === "activity" ? [event.activity] : []);
  assertEquals(activities.slice(-1), ["training"]);
  for (const activity of ["opening the GPU", "reading the examples", "compiling", "evaluating"]) {
    assert(activities.some((told) => told === activity), `${activity}: ${activities}`);
  }
  const points = events.flatMap((event) => event.type === "points" ? [event.points] : []);
  assertEquals(points.flatMap(({ test }) => test.map(({ iteration }) => iteration)), [
    ...[0, 20],
    ...[0, 20],
    ...[0, 20],
  ]);
}

async function checkView(client: TabClient): Promise<void> {
  const [entry] = await client.ask("list");
  assertEquals(entry.path, EXPERIMENT);
  assertEquals([entry.runsFinished, entry.runsTotal, entry.isUnfinished], [3, 3, false]);
  assertEquals(entry.request.map(({ args, state }) => [args, state]), [[ARGS, "finished"]]);
  const view = await client.ask("view", { path: EXPERIMENT });
  assertEquals(view.runs.map(({ folder }) => folder.split("/").slice(2).join("/")), [
    "trial1/0/same_init",
    "trial1/1/same_init",
    "trial1/1/reinit1",
  ]);
  assertEquals(view.pixelMaps.map(({ run }) => run.level), [0, 1]);
  assert(view.verdict.sentence.startsWith("With 80."), view.verdict.sentence);
  const [{ curves }] = await client.ask("curves", { folders: [FULL] });
  assertEquals(curves.train.length, 20);
}

/** Archives that must not come in, made from one that may. */
async function refuseArchives(page: Page, zip: Uint8Array, folder: string): Promise<void> {
  const make = `
import sys, zipfile
kind, source, target = sys.argv[1:]
with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
    for name in old.namelist():
        content = old.read(name)
        if kind == "changed" and name.endswith("final/layer0.npy"):
            content = content[:-1] + bytes([content[-1] ^ 1])
        new.writestr(name, content)
    if kind == "traversal": new.writestr("../data/mnist/x_train.npy", b"mine")
`;
  const variant = async (kind: string) => {
    await runNumpy(make, [kind, `${folder}/mine.zip`, `${folder}/${kind}.zip`]);
    return await Deno.readFile(`${folder}/${kind}.zip`);
  };
  const cut = zip.slice(0, zip.length - 100), flipped = zip.slice();
  flipped[Math.floor(zip.length / 3)] ^= 255;
  const bad: [Uint8Array, string][] = [
    [cut, "not a whole zip archive"],
    [flipped, "is damaged"],
    [await variant("changed"), "trial1/0/same_init/final/layer0.npy"],
    [await variant("traversal"), "is not the name of a file in a folder"],
    [new Uint8Array(1000), "not a whole zip archive"],
  ];
  for (const [bytes, message] of bad) {
    await assertRejects(() => askWithFiles(page, "importZip", { "x.zip": bytes }), Error, message);
  }
}
