/**
 * Records the finished experiment that comes with the page: runs it, half a minute on two cores, and
 * packs its files.
 *
 * usage: deno run -A tasks/lib/record_finished_example.ts
 */

import { prepareGpuEnvironment } from "../../src/engine/environment.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { EXAMPLE_ARGS, EXAMPLE_ON_SITE } from "../../src/web/example/about_example.ts";
import { packExperiment } from "../../src/web/example/packed_experiment.ts";
import { succeed, withFolder } from "./task_process.ts";
import { ROOT } from "./toolchain.ts";

const FILE = `${ROOT}src/web/example/${EXAMPLE_ON_SITE}`;

prepareGpuEnvironment();
await withFolder(async (folder) => {
  const path = `${folder}/experiment`;
  await succeed("run-lottery", ...EXAMPLE_ARGS, "--keep-scores", `--experiment-path=${path}`);
  const pack = await packExperiment(new DenoStorage(), path);
  await Deno.writeFile(FILE, pack);
  console.error(`${FILE}: ${pack.length} bytes`);
});
