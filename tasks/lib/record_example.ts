/**
 * Records the example that the page draws before anything has run: trains the default experiment on
 * MNIST, some minutes on two cores, and writes the weights that are drawn of it.
 *
 * usage: deno run -A tasks/lib/record_example.ts
 */

import { findRunner } from "../../src/commands/mod.ts";
import { Laboratory } from "../../src/commands/laboratory.ts";
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
import { mnistPackage } from "./mnist_package.ts";
import { ROOT } from "./toolchain.ts";

const FILE = `${ROOT}src/web/page/network/example.json`;
const TITLE = "MNIST, 800 iterations, 10 prunings";
/** Of the full network, and of all others: the parts of its training after which frames are kept. */
const KEPT = [[0, 0.02, 0.08, 0.2, 0.5, 1], [0, 0.08, 0.35, 1]];

prepareGpuEnvironment();
const recording = new Recording("example");
const live = new LiveEvents((event) => {
  recording.receive(event);
  if (event.type === "run") console.error(event.summary.kind, event.summary.level);
});
const runner = findRunner("run-lottery");
const laboratory = await Laboratory.open({
  storage: new MemoryStorage(),
  ...{ replicas: "auto", kernels: "auto", checkpointInterval: { seconds: 3600 } },
  signal: new AbortController().signal,
  events: live,
  openGpu: () => openGpu(),
  holder: { pid: Deno.pid, host: "", since: new Date().toISOString(), command: "record" },
  environmentLocation: Deno.env.get("MNIST_LOCATION") || null,
  loadData: (dataset, location) =>
    loadDataset({
      ...{ dataset, location, storage: new DenoStorage(), mnistSource: mnistPackage },
      onNotice: console.error,
    }),
});
const open = await runner.open(
  parseFlags(["--dataset=mnist", ...Deno.args], runner.flags),
  laboratory.context,
);
const [errors] = await laboratory.run([open.job]);
if (errors.length > 0) throw firstError(errors);
live.flush();
await laboratory.close();
const text = JSON.stringify(encodeExample(TITLE, recording.runs.map(thinned)));
await Deno.writeTextFile(FILE, `${text}\n`);
console.error(`${FILE}: ${text.length} bytes`);

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
