/**
 * Runs that measure their adapter: the one of this process or browser, taken for one that nobody
 * knows. What is timed is timed in earnest, but by a clock that lets some candidates pass.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { adamSpec, Gpu, type LayerSpec } from "../../../src/engine/mod.ts";
import { TUNED } from "../../../src/engine/kernels/tiles.ts";
import { makeSyntheticDigits } from "../../../src/datasets/synthetic_digits.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { DatasetBase } from "../../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { RunQueue } from "../../../src/foundations/queue/run_queue.ts";
import { train } from "../../../src/foundations/trainer.ts";
import { adapterKey, KeptTuning, TUNED_FILE } from "../../../src/foundations/tuning/kept_tuning.ts";
import {
  SelfTuning,
  type SelfTuningOptions,
  withKept,
  type WorkAhead,
} from "../../../src/foundations/tuning/self_tuning.ts";
import { applied } from "../../../src/foundations/tuning/settings.ts";
import { once } from "../../../src/memo.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import { openTestGpu } from "../../engine/gpu.ts";
import { withPlace } from "./tuning_place.ts";

let real: Gpu;
/** Nobody has measured one of that name. */
const unknown = () => new Gpu(real.device, { ...real.adapter, name: "GPU", isSoftware: false });

const layers: LayerSpec[] = [
  { name: "layer0", inputs: 784, units: 20, activation: "relu", useBias: true },
  { name: "layer1", inputs: 20, units: 10, activation: null, useBias: true },
];
let dataset: DatasetBase;
let LONG: WorkAhead;

/** Not as the module is loaded: a worker takes requests before that has ended. */
const open = once(async () => {
  real = await openTestGpu();
  const digits = await makeSyntheticDigits({ seed: 1, trainCount: 600, testCount: 100 });
  dataset = new DatasetBase(digits, { normalization: "unit", validationSize: 100 });
  const plan = { iterations: 1e6, validateInterval: null, testInterval: null };
  LONG = {
    sample: { ...trainingOf(dataset), model: { layers }, plan },
    ...{ runs: 1, work: 1e9, kernels: "auto", isBegun: false },
  };
});

const trainingOf = (dataset: DatasetBase) => ({
  ...{ dataset, optimizer: adamSpec(1.2e-3), batchSize: 30 },
});

/** Does some work with a GPU and an empty place. */
async function withBoth(work: (storage: Storage) => Promise<void>): Promise<void> {
  await open();
  await withPlace(work);
}

const HOLDER = { pid: 1, host: "here", since: "2026-01-01T00:00:00.000Z", command: "test" };

/** A clock that goes on by itself; of 5 seconds, so many candidates are left. */
function steps(milliseconds: number): () => number {
  let time = 0;
  return () => time += milliseconds;
}

interface Told {
  notices: string[];
  begun: number;
  trials: string[];
}

function tuningIn(storage: Storage, options: Partial<SelfTuningOptions> = {}) {
  const told: Told = { notices: [], begun: 0, trials: [] };
  const tuning = new SelfTuning({
    ...{ mode: "measure", storage, now: steps(70) },
    holder: HOLDER,
    onNotice: (line) => told.notices.push(line),
    onBegin: () => told.begun++,
    onTrial: ({ setting }) => told.trials.push(setting),
    ...options,
  });
  return { tuning, told };
}

/** Final weights of a run on a queue. */
async function weightsOf(queue: RunQueue): Promise<number[]> {
  const model = new ModelFc({ layers: [[20, "relu"], [10, null]] }, 784, { seed: 3 });
  const { final } = await train(queue, {
    ...{ ...trainingOf(dataset), model, length: { iterations: 12 } },
    ...{ kernels: "dense", forwardParts: 1 },
  });
  return Object.values(final).flatMap(({ data }) => [...data]);
}

Deno.test("a long run measures an unknown adapter, and keeps what it finds for the next one", () =>
  withBoth(async (storage) => {
    const gpu = unknown(), queue = new RunQueue(gpu), guessed = await weightsOf(queue);
    const { tuning, told } = tuningIn(storage);
    assertEquals((await tuning.resolve(gpu)).tuned, TUNED.hardware);
    await tuning.tune(queue, LONG);
    assertEquals([told.begun, told.notices.length], [1, 1]);
    assert(
      /^measured what is fast on "GPU" in .* --no-tune/.test(told.notices[0]),
      told.notices[0],
    );
    const kept = await new KeptTuning(storage).find(adapterKey(gpu), () => {});
    assert(kept !== null && Object.keys(kept.chosen).length > 3, JSON.stringify(kept));
    for (const name of Object.keys(kept.chosen)) assert(told.trials.includes(name), name);
    const { measured, chosen, open } = kept;
    assertEquals(queue.gpu.tuned, { ...applied(TUNED.hardware, chosen, open), measured });
    // Tile shapes never change bits.
    assertEquals(await weightsOf(queue), guessed);
    await queue.destroy();

    const next = tuningIn(storage, { mode: "kept" });
    assertEquals((await next.tuning.resolve(unknown())).tuned, queue.gpu.tuned);
    assertEquals((await withKept(unknown(), storage, () => {})).tuned, queue.gpu.tuned);
    // Another adapter is another matter.
    const other = new Gpu(real.device, { ...unknown().adapter, name: "other" });
    assertEquals((await next.tuning.resolve(other)).tuned, TUNED.hardware);
  }));

Deno.test("what decides bits is measured before an experiment or not at all, and stays", () =>
  withBoth(async (storage) => {
    const tune = async (ahead: Partial<WorkAhead>) => {
      const queue = new RunQueue(unknown());
      const { tuning, told } = tuningIn(storage, { now: steps(12) });
      const gpu = await tuning.resolve(queue.gpu), resolved = new RunQueue(gpu);
      await tuning.tune(resolved, { ...LONG, ...ahead });
      const { sparse, forwardParts } = resolved.gpu.tuned;
      await resolved.destroy();
      return { told, below: sparse.below, parts: forwardParts };
    };
    const kept = async () =>
      (await new KeptTuning(storage).find(adapterKey(unknown()), () => {}))?.chosen ?? {};
    const decides = ({ told: { trials } }: Awaited<ReturnType<typeof tune>>) =>
      ["sparse.below", "forwardParts"].map((name) => trials.includes(name));
    const begun = await tune({ isBegun: true });
    assertEquals([decides(begun), begun.below, begun.parts], [[false, false], 0, 1]);
    const forced = await tune({ kernels: "dense" });
    assertEquals(decides(forced), [false, false]);
    for (const name of ["sparse.below", "forwardParts"]) assert(!(name in await kept()), name);
    const first = await tune({});
    assertEquals(decides(first), [true, true]);
    assertEquals((await kept())["sparse.below"], first.below);
    assertEquals((await kept())["forwardParts"], first.parts);
    const again = await tune({});
    assertEquals([decides(again), again.below], [[false, false], first.below]);
    assertEquals(again.parts, first.parts);
  }));

/** A small network of images. */
const imageLayers: LayerSpec[] = [
  { kind: "maxPool2d", name: "pool0", image: [28, 28, 1], size: [2, 2], stride: [2, 2] },
  { name: "layer1", inputs: 196, units: 10, activation: null, useBias: true },
];

Deno.test("where lists win, whole iterations in a dispatch are tried, of dense layers alone", () =>
  withBoth(async (storage) => {
    const chosen = {
      ...{ storage: "buffers", skipsZeros: false, "dense tiles": "small", replicas: 1 },
      ...{ "images tiles": "small", "sparse.below": 0.3, "sparse.belowImages": 0.3 },
    };
    const kept = { measured: "", chosen, open: [] };
    await new KeptTuning(storage).keep(adapterKey(unknown()), kept, HOLDER);
    for (const network of [imageLayers, layers]) {
      const queue = new RunQueue(unknown());
      const { tuning, told } = tuningIn(storage, { now: steps(130) });
      const sample = { ...LONG.sample, model: { layers: network } };
      await tuning.tune(queue, { ...LONG, sample } as WorkAhead);
      assert(network === layers || told.trials.includes("lists tiles"), `${told.trials}`);
      assertEquals(told.trials.includes("sparse.iterations"), network === layers);
      await queue.destroy();
    }
    const after = await new KeptTuning(storage).find(adapterKey(unknown()), () => {});
    assert([0, 16].includes(after!.chosen["sparse.iterations"] as number));
  }));

Deno.test("a short run measures nothing, nor does one that was told not to", () =>
  withBoth(async (storage) => {
    const tune = async (options: Partial<SelfTuningOptions>, ahead: Partial<WorkAhead> = {}) => {
      const queue = new RunQueue(unknown());
      const { tuning, told } = tuningIn(storage, options);
      await tuning.tune(queue, { ...LONG, ...ahead });
      assertEquals([told.begun, told.notices], [0, []]);
      assertEquals([queue.gpu.tuned, await storage.exists(TUNED_FILE)], [TUNED.hardware, false]);
      await queue.destroy();
    };
    await tune({}, { work: 10 });
    await tune({}, { kernels: "sparse" });
    await tune({ mode: "off" });
    await tune({ mode: "kept" });
    const known = new RunQueue(
      new Gpu(real.device, { ...real.adapter, name: "llvmpipe", isSoftware: true }),
    );
    const { tuning, told } = tuningIn(storage);
    await tuning.tune(known, LONG);
    assertEquals([told.begun, known.gpu.tuned], [0, TUNED.llvmpipe]);
  }));

Deno.test("with --no-tune the guess holds, whatever is kept", () =>
  withBoth(async (storage) => {
    const chosen = { rows: 12, "sparse.below": 0.3 };
    const kept = { measured: "", chosen, open: [] };
    await new KeptTuning(storage).keep(adapterKey(unknown()), kept, HOLDER);
    assertEquals((await tuningIn(storage).tuning.resolve(unknown())).tuned.rows, 12);
    const { tuning } = tuningIn(storage, { mode: "off" });
    assertEquals((await tuning.resolve(unknown())).tuned, TUNED.hardware);
  }));

Deno.test("measuring ends with its time: fewer candidates where it is short", () =>
  withBoth(async (storage) => {
    const trials = async (milliseconds: number) => {
      await storage.remove(TUNED_FILE);
      const queue = new RunQueue(unknown());
      const { tuning, told } = tuningIn(storage, { now: steps(milliseconds) });
      await tuning.tune(queue, LONG);
      await queue.destroy();
      return told.trials.length;
    };
    const few = await trials(400), more = await trials(120);
    assert(few < more && few <= 3, `${few}, ${more}`);
  }));

Deno.test("measuring that is stopped or fails is never kept", () =>
  withBoth(async (storage) => {
    const stop = new AbortController(), reason = new InterruptedError("stopped");
    const queue = new RunQueue(unknown());
    const stopped = tuningIn(storage, {
      signal: stop.signal,
      onTrial: () => stop.abort(reason),
    });
    assertEquals(await assertRejects(() => stopped.tuning.tune(queue, LONG)), reason);
    assertEquals([queue.gpu.tuned, await storage.exists(TUNED_FILE)], [TUNED.hardware, false]);
    await weightsOf(queue);
    await queue.destroy();

    const own = await openTestGpu();
    const lost = new RunQueue(new Gpu(own.device, unknown().adapter), {
      reopen: () => Promise.resolve(unknown()),
    });
    const failed = tuningIn(storage, { onTrial: () => own.destroy() });
    await failed.tuning.tune(lost, LONG);
    assertEquals(failed.told.notices.length, 1);
    assert(/could not be measured \(.*lost.*--no-tune/.test(failed.told.notices[0]));
    assertEquals(await storage.exists(TUNED_FILE), false);
    // The run goes on, on a fresh device.
    await weightsOf(lost);
    await lost.destroy();
  }));
