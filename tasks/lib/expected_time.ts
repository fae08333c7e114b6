/**
 * How long kernels should take on GPUs that nobody here has: the least time that a GPU's
 * arithmetic, its memory and caches, the latency of its loads and its dispatches allow. For a first
 * measurement to be held against.
 */

import type { Work } from "../../src/engine/kernels/kernel.ts";
import type { KernelProfile } from "../../src/engine/programs/profile.ts";

/** Limits of a GPU, from its maker's data sheet unless called an estimate. */
interface GpuLimits {
  name: string;
  /** 32-bit multiply-adds that begin in a cycle. */
  lanes: number;
  /** Cycles per nanosecond. */
  gigahertz: number;
  /** Bytes per nanosecond. */
  bandwidth: number;
  /** The same of the last cache, which all workgroups share. An estimate. */
  cache: number;
  /** A processor of it, on which a workgroup stays: lanes, and bytes per ns of its own cache. */
  processor: { lanes: number; cache: number };
  /** Nanoseconds of a load from the nearest cache. An estimate, to be checked. */
  load: number;
  /** Nanoseconds of a block: a load from the last cache, two barriers. An estimate too. */
  block: number;
  /** Nanoseconds between a dispatch and the next, which waits for it. An estimate too. */
  dispatch: number;
}

/** The GPUs of `deno task profile --expect`. */
export const GPUS = {
  h100: {
    name: "NVIDIA H100 SXM (132 × 128 lanes, HBM3)",
    lanes: 16896,
    gigahertz: 1.98,
    bandwidth: 3350,
    cache: 5500,
    // 128 bytes a cycle.
    processor: { lanes: 128, cache: 250 },
    load: 20,
    block: 200,
    dispatch: 3000,
  },
  laptop: {
    name: "Intel Iris Xe (96 × 8 lanes, LPDDR4x)",
    lanes: 768,
    gigahertz: 1.35,
    bandwidth: 68,
    cache: 350,
    // 16 execution units; 64 bytes a cycle.
    processor: { lanes: 128, cache: 86 },
    load: 40,
    block: 400,
    dispatch: 8000,
  },
} as const satisfies Record<string, GpuLimits>;

/** What bounds a kernel. */
export type Bound = "arithmetic" | "few lanes" | "memory" | "cache" | "latency" | "dispatch";

/**
 * Multiply-adds between two loads that wait for each other, where a kernel does not say how many
 * do: those of a tile of 4 rows × 4 columns.
 */
const TILE = 16;

/**
 * Microseconds of a kernel, and what bounds it.
 *
 * - arithmetic: its FLOP at half of the peak, since a tile of 4 × 4 has a load for every three
 *   multiply-adds; "few lanes" where it has fewer invocations than there are lanes
 * - memory: each operand read once, each result written once, at full bandwidth
 * - cache: the operands of each workgroup read once by it, from the cache that all share; or what
 *   invocations load, where a kernel says so, through the caches of the processors that have a
 *   workgroup
 * - latency: the loads of one invocation that wait for each other, or the blocks that its workgroup
 *   loads; where a kernel tells of neither, its multiply-adds in tiles, `unroll` loads under way at
 *   once. Where there are more invocations than lanes they hide it
 * - dispatch: what comes on top of the greatest of these, whatever the kernel
 */
export function expectedTime(
  { work, invocations, groups = Infinity }:
    & Pick<KernelProfile, "work" | "invocations">
    & Partial<Pick<KernelProfile, "groups">>,
  gpu: GpuLimits,
  unroll = 4,
): { microseconds: number; bound: Bound } {
  const { flops, bytes, groupBytes = 0, laneBytes = 0, loads, blocks }: Work = work ??
    { flops: 0, bytes: 0 };
  const { processor } = gpu, processors = Math.min(groups, gpu.lanes / processor.lanes);
  const lanes = Math.min(gpu.lanes, invocations, groups * processor.lanes);
  const isNarrow = lanes < gpu.lanes;
  const waiting = blocks !== undefined
    ? blocks * gpu.block
    : (loads ?? flops / 2 / invocations / TILE / unroll) * gpu.load;
  const times: [Bound, number][] = [
    [isNarrow ? "few lanes" : "arithmetic", flops / lanes / gpu.gigahertz],
    ["memory", bytes / gpu.bandwidth],
    ["cache", Math.max(groupBytes / gpu.cache, laneBytes / processors / processor.cache)],
    ["latency", isNarrow ? waiting : 0],
  ];
  const [bound, longest] = times.reduce((a, b) => b[1] > a[1] ? b : a);
  return {
    microseconds: (longest + gpu.dispatch) / 1000,
    bound: longest > gpu.dispatch ? bound : "dispatch",
  };
}
