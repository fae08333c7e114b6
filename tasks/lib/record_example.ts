/**
 * Records the finished experiment that comes with the page: runs it, half a minute on two cores,
 * packs its files, and writes beside them what is shown without them: what came of it, and the
 * weights that are drawn.
 *
 * usage: deno run -A tasks/lib/record_example.ts
 */

import { findRunner } from "../../src/commands/mod.ts";
import { Laboratory } from "../../src/commands/laboratory.ts";
import {
  EXAMPLE_ARGS,
  EXAMPLE_ON_SITE,
  EXAMPLE_PATH,
} from "../../src/web/example/about_example.ts";
import { packExperiment } from "../../src/web/example/packed_experiment.ts";
import { exampleStorage } from "../../src/web/example/finished_example.ts";
import { Experiments } from "../../src/web/stored/experiments.ts";
import { loadDataset } from "../../src/datasets/load_dataset.ts";
import { openGpu } from "../../src/engine/mod.ts";
import { prepareGpuEnvironment } from "../../src/engine/environment.ts";
import { parseFlags } from "../../src/flags/parse.ts";
import { firstError } from "../../src/runs/job.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { LiveEvents } from "../../src/web/live.ts";
import { encodeExample } from "../../src/web/page/network/example_file.ts";
import { type RecordedRun, Recording } from "../../src/web/page/network/recording.ts";
import { ROOT } from "./toolchain.ts";

const PACK = `${ROOT}src/web/example/${EXAMPLE_ON_SITE}`;
const FILE = `${ROOT}src/web/page/network/example.json`;
/** Of the full network, and of all others: after which parts of a training frames are kept. */
const KEPT = [[0, 0.02, 0.06, 0.14, 0.3, 0.6, 1], [0, 0.06, 0.2, 0.5, 1]];

prepareGpuEnvironment();
const storage = new MemoryStorage(), recording = new Recording();
const live = new LiveEvents((event) => {
  recording.receive(event);
  if (event.type === "run") console.error(event.summary.kind, event.summary.level);
});
const runner = findRunner("run-lottery");
const laboratory = await Laboratory.open({
  storage,
  ...{ replicas: "auto", kernels: "auto", checkpointInterval: { seconds: 3600 } },
  signal: new AbortController().signal,
  events: live,
  openGpu: () => openGpu(),
  holder: { pid: Deno.pid, host: "", since: new Date().toISOString(), command: "record" },
  environmentLocation: Deno.env.get("MNIST_LOCATION") || null,
  loadData: (dataset, location) =>
    loadDataset({ dataset, location, storage: new DenoStorage(), onNotice: console.error }),
});
const args = [...EXAMPLE_ARGS, "--keep-scores", `--experiment-path=${EXAMPLE_PATH}`];
const open = await runner.open(parseFlags(args, runner.flags), laboratory.context);
const [errors] = await laboratory.run([open.job]);
if (errors.length > 0) throw firstError(errors);
live.flush();
await laboratory.close();
const pack = await packExperiment(storage, EXAMPLE_PATH);
await Deno.writeFile(PACK, pack);
const stored = new Experiments(
  Object.assign(await exampleStorage(pack), { isLocked: () => Promise.resolve(false) }),
);
const view = await stored.view(EXAMPLE_PATH), folders = view.runs.map(({ folder }) => folder);
const curves = (await stored.curves(folders)).map(({ folder, curves }) => ({
  folder,
  curves: { ...curves, train: [] },
}));
const told = { view, curves, shape: await stored.networks.imageShape(folders[0]) };
const text = JSON.stringify(encodeExample(told, recording.runsOf(1).map(thinned)));
await Deno.writeTextFile(FILE, `${text}\n`);
console.error(`${PACK}: ${pack.length} bytes; ${FILE}: ${text.length} bytes`);

/** A run with the frames nearest to those that are kept. */
function thinned(run: RecordedRun): RecordedRun {
  const { frames, run: { kind, level } } = run.weights;
  const shares = KEPT[kind === "ticket" && level === 0 ? 0 : 1];
  const distance = (iteration: number, share: number) =>
    Math.abs(iteration - share * run.iterations!);
  const kept = shares.map((share) =>
    frames.reduce((best, frame) =>
      distance(frame.iteration, share) < distance(best.iteration, share) ? frame : best
    )
  );
  return { ...run, weights: { ...run.weights, frames: [...new Set(kept)] } };
}
