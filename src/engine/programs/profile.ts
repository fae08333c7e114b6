/**
 * Times each kernel of a training iteration, by timestamps around a pass of its own or, where the
 * adapter has none, by the wall time of many dispatches of it beside as many of all the others.
 */

import { BufferPool } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import { dispatch, type Kernel, type Work } from "../kernels/kernel.ts";
import { submitOnce } from "../submits/submits.ts";

/** A kernel of a training iteration. */
export interface KernelProfile {
  label: string;
  /** Mean per iteration. */
  milliseconds: number;
  /** Null for kernels that only move or count. */
  work: Work | null;
  /** Of a dispatch. */
  invocations: number;
  /** Workgroups of a dispatch. */
  groups: number;
}

/** Queries of one set: WebGPU's limit. */
const MAX_QUERIES = 4096;

/** Mean milliseconds per iteration of each kernel, in their order. */
export async function timeKernels(
  gpu: Gpu,
  kernels: readonly Kernel[],
  iterations: number,
): Promise<number[]> {
  const pool = new BufferPool(gpu);
  try {
    return gpu.device.features.has("timestamp-query")
      ? await timestamps(gpu, pool, kernels, iterations)
      : await differences(gpu, kernels, iterations);
  } finally {
    pool.destroy();
  }
}

async function timestamps(
  gpu: Gpu,
  pool: BufferPool,
  kernels: readonly Kernel[],
  iterations: number,
): Promise<number[]> {
  const { device } = gpu;
  const fit = Math.floor(MAX_QUERIES / 2 / kernels.length);
  // Where submits have a budget, one of each kernel: nobody has timed them.
  const perSubmit = gpu.submitMilliseconds === null ? Math.min(iterations, fit) : 1;
  const count = 2 * kernels.length * perSubmit, bytes = 8 * count;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  const resolved = pool.queryResults(bytes), readback = pool.readback(bytes);
  const totals = kernels.map(() => 0);
  for (let done = 0; done < iterations; done += perSubmit) {
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < perSubmit; i++) {
      kernels.forEach((kernel, k) => {
        const first = 2 * (i * kernels.length + k);
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet,
            beginningOfPassWriteIndex: first,
            endOfPassWriteIndex: first + 1,
          },
        });
        dispatch(pass, kernel);
        pass.end();
      });
    }
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readback, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await gpu.wait(readback.mapAsync(GPUMapMode.READ));
    const times = new BigUint64Array(readback.getMappedRange().slice(0));
    readback.unmap();
    for (let q = 0; q < count; q += 2) {
      totals[q / 2 % kernels.length] += Number(times[q + 1] - times[q]) / 1e6;
    }
  }
  querySet.destroy();
  const timed = perSubmit * Math.ceil(iterations / perSubmit);
  return totals.map((total) => total / timed);
}

/** The wall time of an iteration in which a kernel runs twice, less that of one where once. */
async function differences(
  gpu: Gpu,
  kernels: readonly Kernel[],
  iterations: number,
): Promise<number[]> {
  const time = async (repeated: Kernel | null) => {
    const once = kernels.flatMap((kernel) => kernel === repeated ? [kernel, kernel] : [kernel]);
    const start = performance.now();
    submitOnce(gpu, Array.from({ length: iterations }, () => once).flat());
    await gpu.wait(gpu.device.queue.onSubmittedWorkDone());
    return (performance.now() - start) / iterations;
  };
  await time(null);
  const once = await time(null);
  const times: number[] = [];
  for (const kernel of kernels) times.push(Math.max(0, await time(kernel) - once));
  return times;
}
