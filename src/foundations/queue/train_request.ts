/** The request of a run to the queue, and the key by which runs become replicas of one program. */

import type { Curves } from "../../engine/curves.ts";
import type { CheckpointPace } from "./checkpoint_pace.ts";
import type { DatasetBase } from "../dataset_base.ts";
import type {
  KernelKind,
  LayerValues,
  ReplicaParameters,
} from "../../engine/kernels/program_spec.ts";
import type { ModelBase } from "../model.ts";
import { weightedLayers, weightShape } from "../../engine/layer_spec.ts";
import type { OptimizerSpec } from "../../engine/optimizers.ts";
import type { ReplicaOutcome, TrainingState } from "../../engine/programs/training_loop.ts";
import { type TrainingPlan, trainingWork } from "../../engine/programs/training_work.ts";
import { rateOf, type Schedule } from "../../engine/schedules.ts";

/** One run to train. */
export interface TrainRequest {
  /** The network, with its masks and initial weights. */
  model: ModelBase;
  /** Masks of each layer with weights, for this part of the run. Default: the network's. */
  masks?: readonly Float32Array[];
  /** The examples. */
  dataset: DatasetBase;
  /** The update rule. */
  optimizer: OptimizerSpec;
  /** How the learning rate changes. Default: not at all. */
  schedule?: Schedule;
  /** Iterations of the schedule. Default: those of the plan. */
  scheduleLength?: number;
  /** Examples per iteration. */
  batchSize: number;
  /** How long, and when to evaluate. */
  plan: TrainingPlan;
  /** How the kernels store the network. Default: dense. */
  kernels?: KernelKind;
  /** Parts in which dense kernels make the first layer's sums: see `ProgramSpec`. Default: 1. */
  forwardParts?: number;
  /** A state of this run to resume from. */
  resumeFrom?: TrainingState | null;
  /** Keeps a state to resume from, now and then and when training is interrupted. */
  onCheckpoint?: (state: TrainingState) => Promise<void>;
  /** The clock of its checkpoints, of a run that is trained in parts. Default: one of the part. */
  pace?: CheckpointPace;
  /** Receives new points of its curves as training advances; after a lost GPU some twice. */
  onPoints?: (points: Curves) => void;
  /** Receives its weights by layer after some iterations, about once a second, to show them. */
  onWeights?: (iteration: number, layers: readonly LayerValues[]) => void;
}

/** The activity that a queue is waiting for. */
export type QueueActivity = "uploading the examples" | "compiling" | "training" | "evaluating";

/** The fields that decide the shape of its program. */
export type ShapeRequest =
  & Pick<TrainRequest, "dataset" | "optimizer" | "batchSize" | "kernels" | "forwardParts">
  & { model: Pick<ModelBase, "layers"> };

/** Its outcome: curves, and final weights and biases in the order of the layers with weights. */
export interface TrainOutcome extends ReplicaOutcome {
  /** Row-major weights, and biases, of each layer. */
  final: { weights: Float32Array; biases: Float32Array }[];
}

/** The fields that decide how much work a run is. */
export type WorkRequest = ShapeRequest & Pick<TrainRequest, "plan">;

/** The work of a run, in iterations; see `trainingWork`. */
export function workOf({ plan, batchSize, dataset }: WorkRequest): number {
  const { validationCount, sets } = dataset;
  return trainingWork(plan, { batchSize, validate: validationCount, test: sets.test.count });
}

/** Examples of an iteration: all where more are asked for than there are. */
export function batchSizeOf({ batchSize, dataset }: ShapeRequest): number {
  return Math.min(batchSize, dataset.trainCount);
}

export function masksOf(
  { model, masks }: Pick<TrainRequest, "model" | "masks">,
): readonly Float32Array[] {
  return masks ?? weightedLayers(model.layers).map(({ name }) => model.masks[name].data);
}

export function replicaParameters(request: TrainRequest): ReplicaParameters {
  const { model, dataset, optimizer, schedule, plan } = request;
  const { scheduleLength = plan.iterations } = request, masks = masksOf(request);
  const { learningRate, weightDecay } = optimizer;
  return {
    learningRate: schedule ? rateOf(schedule, learningRate, scheduleLength) : learningRate,
    weightDecay,
    keepsPruned: model.prunedWeights === "initial",
    orderKey: dataset.orderKey,
    splitKey: dataset.splitKey,
    labelMap: dataset.labelMap,
    augmentKey: dataset.augmentKey,
    layers: weightedLayers(model.layers).map((layer, l) => ({
      weights: model.weights[layer.name].data,
      mask: masks[l],
      biases: model.biases[layer.name]?.data ?? new Float32Array(weightShape(layer).units),
    })),
  };
}
