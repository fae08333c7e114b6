/** Pruning by magnitude or score on the GPU, exact: see shaders/prune.wgsl. */

import prune from "../../../shaders/prune.wgsl" with { type: "text" };
import { readFloats } from "../buffers.ts";
import { uploadBuffer } from "../dataset.ts";
import type { Gpu } from "../device.ts";
import { createKernels, dispatch, read, write } from "../kernels/kernel.ts";

/** One layer to prune. */
export interface PruneJob {
  /** Final weights, any finite values. */
  weights: Float32Array;
  /** 1 where a weight is live, 0 where it is pruned; as long as `weights`. */
  mask: Float32Array;
  /** How many live weights to prune, at most as many as there are. */
  prune: number;
}

/** Weights to prune by their scores. */
export interface ScoreJob extends Omit<PruneJob, "weights"> {
  /** Of each weight; not NaN. */
  scores: Float32Array;
}

/** 256 lanes are the most that WebGPU promises; one workgroup scans a layer, once per level. */
const LANES = 256;

/** New masks, one per job: the `prune` smallest live |weights| set to 0, ties by lowest index. */
export async function pruneSmallest(gpu: Gpu, jobs: PruneJob[]): Promise<Float32Array[]> {
  return await select(gpu, jobs, false);
}

/** The same by scores: the `prune` live weights with the smallest scores go. */
export async function pruneLowest(gpu: Gpu, jobs: ScoreJob[]): Promise<Float32Array[]> {
  // Adding 0 turns -0 into 0: the two are equal scores.
  const weights = jobs.map(({ scores, ...job }) => ({
    ...job,
    weights: scores.map((score) => score + 0),
  }));
  return await select(gpu, weights, true);
}

async function select(gpu: Gpu, jobs: PruneJob[], isSigned: boolean): Promise<Float32Array[]> {
  const lengths = jobs.map(({ weights }) => weights.length);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
  const total = lengths.reduce((a, b) => a + b, 0);
  if (total === 0) return jobs.map(() => new Float32Array());
  const table = new Uint32Array(3 * jobs.length);
  const weights = new Float32Array(total), mask = new Float32Array(total);
  jobs.forEach((job, i) => {
    table.set([starts[i], lengths[i], job.prune], 3 * i);
    weights.set(job.weights, starts[i]);
    mask.set(job.mask, starts[i]);
  });
  const buffers = await gpu.scoped("pruning buffers", () => ({
    table: uploadBuffer(gpu, "prune jobs", table),
    weights: uploadBuffer(gpu, "prune weights", weights),
    mask: uploadBuffer(gpu, "prune mask", mask),
  }));
  try {
    const [kernel] = await createKernels(gpu, [{
      label: "prune",
      template: prune,
      constants: { LANES, IS_SIGNED: isSigned ? 1 : 0 },
      bindings: [read(buffers.table), read(buffers.weights), write(buffers.mask)],
      grid: [jobs.length, 1, 1],
    }]);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    dispatch(pass, kernel);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    const pruned = await readFloats(gpu, buffers.mask, total);
    return jobs.map((_, i) => pruned.slice(starts[i], starts[i] + lengths[i]));
  } finally {
    for (const buffer of Object.values(buffers)) buffer.destroy();
  }
}
