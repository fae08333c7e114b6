/** Pruning by magnitude or score on the GPU, exact: see shaders/prune.wgsl. */

import common from "../../../shaders/prune.wgsl" with { type: "text" };
import digit from "../../../shaders/prune_digit.wgsl" with { type: "text" };
import histogram from "../../../shaders/prune_histogram.wgsl" with { type: "text" };
import mark from "../../../shaders/prune_mark.wgsl" with { type: "text" };
import { CapacityError } from "../../errors.ts";
import { bufferLimit, sizeText } from "../buffer_limit.ts";
import { readFloats } from "../buffers.ts";
import { uploadBuffer } from "../examples/dataset.ts";
import type { Gpu } from "../device.ts";
import { createKernels, read, write } from "../kernels/kernel.ts";
import { submitOnce } from "../submits/submits.ts";

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

/**
 * Weights of a workgroup at least, and its lanes. 10 million weights take llvmpipe 230 ms of one
 * core, shared by all cores, and as one workgroup of 256 lanes 160 ms of the only core that such a
 * one can use; LeNet-300-100's 266,200 9 ms and 14 ms, with all that the host does.
 */
const CHUNK = 32_768, LANES = 64;
/** Workgroups per dispatch, beside one more per job: WebGPU promises 65,535. */
const MOST_CHUNKS = 32_768;
/** Weights that a lane reads at once. */
const QUAD = 4;
/** Values of a byte. */
const BINS = 256;
/** Words of a Chunk of shaders/prune.wgsl. */
const CHUNK_WORDS = 3;

/**
 * New masks, one per job: the `prune` smallest live |weights| set to 0, ties by lowest index.
 *
 * @throws CapacityError if all jobs' weights are more than the device holds in one buffer
 */
export async function pruneSmallest(gpu: Gpu, jobs: PruneJob[]): Promise<Float32Array[]> {
  return await select(gpu, jobs, false);
}

/** The same by scores: the `prune` live weights with the smallest scores go. Throws the same. */
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
  const { chunks, table, starts, total } = layOut(jobs);
  if (total === 0) return jobs.map(() => new Float32Array());
  checkFits(gpu, jobs, total);
  const weights = new Float32Array(total), mask = new Float32Array(total);
  jobs.forEach((job, i) => {
    weights.set(job.weights, starts[i]);
    mask.set(job.mask, starts[i]);
  });
  const chunkCount = chunks.length / CHUNK_WORDS;
  const buffers = await gpu.scoped("pruning buffers", () => ({
    chunks: uploadBuffer(gpu, "prune chunks", chunks),
    table: uploadBuffer(gpu, "prune jobs", table),
    weights: uploadBuffer(gpu, "prune weights", weights),
    mask: uploadBuffer(gpu, "prune mask", mask),
    histograms: gpu.device.createBuffer({
      ...{ label: "prune histograms", size: 4 * BINS * chunkCount },
      usage: GPUBufferUsage.STORAGE,
    }),
  }));
  try {
    const constants = { BINS, LANES, IS_SIGNED: isSigned ? 1 : 0 };
    const ofChunks = [read(buffers.chunks), read(buffers.table), read(buffers.weights)];
    const [count, find, clear] = await createKernels(gpu, [
      {
        ...{ label: "prune histogram", template: common + histogram, constants },
        bindings: [...ofChunks, read(buffers.mask), write(buffers.histograms)],
        grid: [chunkCount, 1, 1],
      },
      {
        ...{ label: "prune digit", template: common + digit, constants },
        bindings: [write(buffers.table), read(buffers.histograms)],
        grid: [jobs.length, 1, 1],
      },
      {
        ...{ label: "prune mark", template: common + mark, constants },
        bindings: [...ofChunks, write(buffers.mask), read(buffers.histograms)],
        grid: [chunkCount, 1, 1],
      },
    ]);
    submitOnce(gpu, [count, find, count, find, count, find, count, find, clear]);
    const pruned = await readFloats(gpu, buffers.mask, total);
    return jobs.map((_, i) => pruned.slice(starts[i], starts[i] + lengths[i]));
  } finally {
    for (const buffer of Object.values(buffers)) buffer.destroy();
  }
}

/** The places of the jobs' weights, each from a whole quad on; and the chunks of all. */
function layOut(jobs: readonly PruneJob[]) {
  const quads = jobs.map(({ weights }) => Math.ceil(weights.length / QUAD));
  const total = quads.reduce((a, b) => a + b, 0);
  const size = Math.max(CHUNK / QUAD, Math.ceil(total / MOST_CHUNKS));
  const chunks: number[] = [], table: number[] = [], starts: number[] = [];
  let start = 0;
  jobs.forEach(({ prune }, job) => {
    const count = Math.ceil(quads[job] / size);
    table.push(chunks.length / CHUNK_WORDS, count, 0, prune, 32);
    for (let i = 0; i < count; i++) {
      chunks.push(job, start + i * size, Math.min(size, quads[job] - i * size));
    }
    starts.push(QUAD * start);
    start += quads[job];
  });
  const words = (list: number[]) => Uint32Array.from(list);
  return { chunks: words(chunks), table: words(table), starts, total: QUAD * total };
}

/** @throws CapacityError if a buffer does not hold `total` floats */
function checkFits(gpu: Gpu, jobs: readonly PruneJob[], total: number): void {
  const limit = bufferLimit(gpu), { name } = gpu.adapter;
  if (4 * total <= limit) return;
  const count = jobs.reduce((sum, { weights }) => sum + weights.length, 0);
  throw new CapacityError(
    `pruning among ${count} weights takes buffers of ${sizeText(4 * total)}, and "${name}" holds ` +
      `at most ${sizeText(limit)} in one; prune fewer layers at once, or use a smaller network`,
  );
}
