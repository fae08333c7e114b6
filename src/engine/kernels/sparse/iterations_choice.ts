/**
 * Whether sparse networks are trained by the kernel that does whole iterations
 * (shaders/sparse_iterations.wgsl), and how many of them a dispatch has at most.
 */

import { bufferLimit } from "../../buffer_limit.ts";
import type { Gpu } from "../../device.ts";
import { isDense } from "../../layer_spec.ts";
import { mostSteps } from "../loop_steps.ts";
import type { ProgramSpec } from "../program_spec.ts";
import { featureMaps } from "./feature_maps.ts";
import { iterationSteps } from "./loop_steps.ts";
import {
  iterationBuffers,
  iterationWorkgroupBytes,
  workLayout,
} from "./sparse_iterations_kernel.ts";
import { columnsFor } from "./sparse_row_kernels.ts";

/** How the kernel is used. */
export interface IterationsChoice {
  /** Most iterations of a dispatch. */
  most: number;
  /** Lanes of a workgroup. */
  lanes: number;
}

/**
 * How the kernel is used; null: not at all, be it that it is not chosen on this adapter, that the
 * network has other than dense layers, or that the device's limits do not suffice. Bits are the
 * same.
 *
 * @param live by layer: the most live weights of a network
 */
export function iterationsChoice(
  gpu: Gpu,
  spec: ProgramSpec,
  live: readonly number[],
): IterationsChoice | null {
  const { layers, batchSize, replicas } = spec, { iterations, iterationLanes } = gpu.tuned.sparse;
  const { device: { limits } } = gpu, shape = columnsFor(batchSize);
  if (iterations === 0 || !layers.every(isDense)) return null;
  const lanes = Math.min(
    iterationLanes,
    limits.maxComputeInvocationsPerWorkgroup,
    limits.maxComputeWorkgroupSizeX,
  );
  const { vectors } = workLayout(featureMaps(layers).map(({ rows }) => rows), replicas, shape);
  const fits = iterationBuffers(spec) <= limits.maxStorageBuffersPerShaderStage &&
    iterationWorkgroupBytes(shape) <= limits.maxComputeWorkgroupStorageSize &&
    replicas <= limits.maxComputeWorkgroupsPerDimension &&
    16 * vectors <= bufferLimit(gpu);
  const steps = iterationSteps(layers, live, batchSize, lanes);
  const most = Math.min(iterations, Math.floor((mostSteps(gpu.adapter) - 1) / steps));
  return fits && most >= 1 ? { most, lanes } : null;
}
