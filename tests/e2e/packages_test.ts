/**
 * Which npm packages each task downloads. Deno fetches before the start what the modules of a
 * program name, and `deno task` what deno.json and its lock file name.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readTree, runTask, withFolder } from "../../tasks/lib/task_process.ts";
import { copyPackages, packagesOf } from "./deno_cache.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";

/** The packages that the modules of each task name, but as types. */
const PACKAGES: Record<string, string[]> = {
  argfile: [],
  argfile_runner: ["fflate", "valibot"],
  bench: [],
  check: [],
  compare: ["fflate", "valibot"],
  download_data: [],
  export: ["fflate"],
  fuzz: ["fflate", "valibot"],
  profile: [],
  random_sparsity: ["fflate", "valibot"],
  reinitialize: ["fflate", "valibot"],
  report: ["valibot"],
  run_lottery: ["fflate", "valibot"],
  soak: ["valibot"],
  status: ["valibot"],
  test: [],
  torture: [],
  train: ["fflate", "valibot"],
  tune: [],
  verify: ["fflate", "valibot"],
  web: [],
};

Deno.test("tasks name the packages that every run of theirs needs, and no others", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const files = Object.keys(tasks).map((name) => name.replace("-", "_"));
  const found = await Promise.all(
    files.map(async (file) => [file, await packagesOf(`tasks/${file}.ts`)]),
  );
  assertEquals(Object.fromEntries(found), PACKAGES);
});

Deno.test("an experiment needs two packages; only its chart needs Vega, and says so", () =>
  withFolder(async (folder) => {
    const sizes = { imageShape: [6, 4] as [number, number], classes: 3, train: 60, test: 20 };
    await writePatterns(`${folder}/data`, sizes);
    await copyPackages(["fflate", "valibot"], `${folder}/deno`);
    const env = { DENO_DIR: `${folder}/deno`, HTTPS_PROXY: "http://127.0.0.1:9" };
    const flags = [
      ...[`--mnist-location=${folder}/data`, "--layers=5,4", "--training-len=20", "--quiet"],
      ...["--batch-size=20", "--validation-size=10"],
    ];
    const trained = await runTask("train", [...flags, `--output-dir=${folder}/run`], env);
    assertEquals([trained.code, trained.stderr], [0, ""]);
    const lottery = [...flags, "--iterations=1", `--experiment-path=${folder}/all`];
    const { code, stderr } = await runTask("run-lottery", lottery, env);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: charts are drawn by the npm package vega, which cannot be loaded \([^\n]*\); check the network, then run the same command again: finished runs are kept\n$/,
    );
    const tree = await readTree(`${folder}/all`);
    assert(tree.has("trial1/1/same_init/run.json"));
  }));
