/** The batches that a run trains on, as arrays of the host: the examples that the GPU gathers. */

import { viewed, viewOf } from "../../engine/examples/augment.ts";
import { scaleOf } from "../../engine/examples/dataset.ts";
import type { HostBatch } from "../../engine/programs/derivatives.ts";
import { epochKey, permute } from "../../engine/random.ts";
import { InputError } from "../../errors.ts";
import type { DatasetBase } from "../dataset_base.ts";

/** Which training batches. */
export interface BatchChoice {
  /** How many batches, the first of training: 1 or more. */
  batches: number;
  /** Examples of a batch, at most all; the last batch of an epoch may be shorter. */
  batchSize: number;
}

/**
 * The first batches of training, in their order: split, normalization and labels are those of the
 * dataset, epoch after epoch (shaders/gather.wgsl does the same on the GPU). Images are as they
 * are, not augmented: what untrained weights are scored by (SNIP, GraSP) is no matter of training.
 *
 * @throws InputError unless both numbers are whole ones from 1 on
 */
export function trainingBatches(
  dataset: DatasetBase,
  { batches, batchSize }: BatchChoice,
): Iterable<HostBatch> {
  for (const [name, value] of Object.entries({ batches, "batch size": batchSize })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new InputError(`${name} ${value} of a gradient: give a whole number, 1 or more`);
  }
  return gathered(dataset, batches, batchSize);
}

function* gathered(
  dataset: DatasetBase,
  batches: number,
  batchSize: number,
): Generator<HostBatch, void> {
  for (let i = 0; i < batches; i++) yield trainingBatch(dataset, batchSize, i, false);
}

/** The batch of an iteration, counted from 0, augmented as it is for training unless told not. */
export function trainingBatch(
  dataset: DatasetBase,
  batchSize: number,
  iteration: number,
  isAugmented = true,
): HostBatch {
  const { trainCount } = dataset, size = Math.min(batchSize, trainCount);
  const ofEpoch = Math.ceil(trainCount / size);
  const first = iteration % ofEpoch * size, epoch = Math.floor(iteration / ofEpoch);
  const count = Math.min(size, trainCount - first);
  return gather(
    dataset,
    Array.from({ length: count }, (_, row) => trainingExample(dataset, first + row, epoch)),
    isAugmented ? iteration : null,
  );
}

/** Which example of the pool an epoch has at a position. */
function trainingExample(
  { trainCount, orderKey, splitKey, sets }: DatasetBase,
  position: number,
  epoch: number,
): number {
  const ordered = permute(position, trainCount, epochKey(orderKey, epoch));
  return splitKey ? permute(ordered, sets.train.count, splitKey) : ordered;
}

/** These examples as the network sees them; as they are shown in an iteration, where it is one. */
function gather(
  dataset: DatasetBase,
  examples: readonly number[],
  iteration: number | null,
): HostBatch {
  const { sets: { train }, normalization, statistics, labelMap, features } = dataset;
  const { augment, augmentKey } = dataset;
  const count = examples.length;
  const inputs = new Float32Array(count * features), labels = new Uint8Array(count);
  const white = train.inputs instanceof Float32Array ? 1 : 255;
  const means = Float32Array.from(statistics?.means ?? [0]);
  const inverses = Float32Array.from(statistics?.deviations ?? [1], (deviation) => 1 / deviation);
  const channels = means.length;
  examples.forEach((example, row) => {
    const whole = train.inputs.subarray(example * features, (example + 1) * features);
    const shown = augment && iteration !== null
      ? viewed(whole, augment.image, viewOf(augment, augmentKey, iteration, example))
      : whole;
    const one = { ...train, inputs: shown, count: 1 };
    const scale = statistics ? 1 : Math.fround(scaleOf(one, normalization, 0));
    for (let k = 0; k < features; k++) {
      // Rounded as on the GPU: a byte's v/255, the difference, the product.
      const value = Math.fround(shown[k] / white);
      const difference = Math.fround(value - means[k % channels]);
      inputs[row * features + k] = difference * inverses[k % channels] * scale;
    }
    const label = train.labels[example];
    labels[row] = labelMap?.[label] ?? label;
  });
  return { inputs, labels, count };
}
