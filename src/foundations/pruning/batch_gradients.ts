/** The gradient of the loss by all weights of a network in training, the dead too (RigL). */

import type { LayerSpec, NetworkState } from "../../engine/mod.ts";
import { derivatives } from "../../engine/programs/derivatives.ts";
import type { DatasetBase } from "../dataset_base.ts";
import type { RunQueue } from "../queue/run_queue.ts";
import { trainingBatch } from "./host_batches.ts";

/**
 * Computes, of a network in training, the gradient of each layer's weights on the batch that
 * training takes next.
 */
export type Gradients = (state: NetworkState) => Promise<Float32Array[]>;

/** The gradients of a run on this dataset, computed on the queue's GPU. */
export function batchGradients(
  queue: Pick<RunQueue, "onGpu">,
  layers: LayerSpec[],
  dataset: DatasetBase,
  batchSize: number,
): Gradients {
  return async ({ iteration, layers: values }) => {
    const batch = trainingBatch(dataset, batchSize, iteration);
    const weights = values.map(({ weights }) => weights);
    const biases = values.map(({ biases }) => biases);
    const job = { layers, batch, weights, biases };
    return (await queue.onGpu((gpu) => derivatives(gpu, job))).gradients;
  };
}
