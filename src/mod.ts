/**
 * Lottery tickets on WebGPU: the library. Everything that the original's `foundations` has, on an
 * engine that trains many networks at once. It runs in Deno and in browsers. Files on a disk are
 * Deno's alone: `import { DenoStorage } from "./storage/deno.ts"`.
 *
 * @module
 */

export {
  type Activation,
  adamSpec,
  type AdapterDescription,
  type Augmentation,
  type AugmentName,
  AUGMENTS,
  type ChannelStatistics,
  channelStatistics,
  type Conv2dSpec,
  type CurvePoint,
  type CurveRows,
  type Curves,
  type DenseSpec,
  destroyExamples,
  type ExampleArrays,
  type Extent,
  type GivenExamples,
  Gpu,
  type GpuExamples,
  type ImageTiles,
  type KernelKind,
  type LayerImage,
  type LayerSpec,
  type LayerState,
  type LayerValues,
  type MatrixStorage,
  type NetworkState,
  type Normalization,
  type Numbers,
  openGpu,
  type OptimizerSpec,
  type PoolSpec,
  type ReplicaOutcome,
  type SparseTiles,
  type Tiles,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingState,
  type Tuned,
  type UpdateRule,
  uploadExamples,
} from "./engine/mod.ts";
export type { WeightedSpec } from "./engine/layer_spec.ts";
export { type Key, RandomStream } from "./engine/random.ts";
export {
  type Examples,
  type ExampleSets,
  type GivenSets,
  type ImageShape,
} from "./datasets/examples.ts";
export { loadExampleFolder } from "./datasets/files/folder.ts";
export { makeSyntheticDigits, type SyntheticDigitsOptions } from "./datasets/synthetic_digits.ts";
export * from "./errors.ts";
export { type LogRow, type Phase } from "./formats/csv_log.ts";
export { type Tensor } from "./formats/tensor.ts";
export { DatasetBase, type DatasetOptions } from "./foundations/dataset_base.ts";
export {
  experiment,
  type ExperimentFunctions,
  type LevelResult,
  type LevelStart,
  rewindToStart,
  type Rewound,
} from "./foundations/experiment.ts";
export {
  constant,
  glorotNormal,
  type Initializer,
  truncatedGlorotNormal,
  zeros,
} from "./models/initializers.ts";
export { type Density, density, type Masks, onesMasks } from "./models/masks.ts";
export { type Parameter, parametersOf } from "./models/parameters.ts";
export {
  type HiddenConv,
  type HiddenLayer,
  type HiddenPool,
  parseHidden,
} from "./models/hidden_layers.ts";
export { networkLayers } from "./models/layers.ts";
export { type Conv2dOptions, type DenseOptions, type Node } from "./foundations/model_layers.ts";
export {
  ModelBase,
  type ModelOptions,
  PRUNED_WEIGHTS,
  type PrunedWeights,
} from "./foundations/model.ts";
export { type FcHyperparameters, ModelFc } from "./foundations/model_fc.ts";
export { type ConvHyperparameters, ModelConv } from "./foundations/model_conv.ts";
export { type GivenNetwork, type GivenTensor, type Network } from "./models/network.ts";
/** Names of every file and folder of an experiment. */
export * as paths from "./records/paths.ts";
export {
  type Percents,
  pruneByPercent,
  type Scope,
  SCOPES,
} from "./foundations/pruning/pruning.ts";
export {
  type Differentiable,
  hessianGradientProducts,
  lossGradients,
} from "./foundations/pruning/gradients.ts";
export { type BatchChoice } from "./foundations/pruning/host_batches.ts";
export { erdosRenyiCounts } from "./foundations/pruning/erdos_renyi.ts";
export {
  INIT_CRITERIA,
  type InitContext,
  type InitCriterionName,
  type InitOptions,
  masksAtInit,
  scoredMasksAtInit,
} from "./foundations/pruning/init_criteria.ts";
export { synflow, synflowMasks } from "./foundations/pruning/output_flow.ts";
export { type PruningTarget, type Scores } from "./foundations/pruning/selection.ts";
export { type Schedule, type ScheduleKind } from "./engine/schedules.ts";
export { type DynamicName, type DynamicSpec } from "./foundations/pruning/dynamic.ts";
export { type Gradients } from "./foundations/pruning/batch_gradients.ts";
export { type Dynamic } from "./foundations/dynamic_training.ts";
export { type CheckpointPace } from "./foundations/queue/checkpoint_pace.ts";
export { type MaskStep } from "./models/mask_history.ts";
export { shuffleMasks } from "./foundations/pruning/random_masks.ts";
export { type CheckpointPlace } from "./records/checkpoints.ts";
export { restoreRun, type SavedRun, saveRun } from "./records/saved_run.ts";
export {
  type CheckpointInterval,
  type GroupOptions,
  type GroupProgress,
  RunQueue,
  type RunQueueOptions,
} from "./foundations/queue/run_queue.ts";
export {
  type Combine,
  type NetworkSource,
  readLog,
  restoreNetwork,
  saveNetwork,
  standardize,
  writeLog,
} from "./records/save_restore.ts";
export { type AdapterUse, earlyStop, type TrainedRun } from "./records/trained_run.ts";
export {
  type RunOutput,
  train,
  type TrainingLength,
  type TrainOptions,
} from "./foundations/trainer.ts";
export { intersect, union } from "./foundations/union.ts";
export {
  DatasetMnist,
  type DatasetMnistFiles,
  type DatasetMnistOptions,
} from "./foundations/dataset_mnist.ts";
export { MemoryStorage } from "./storage/memory.ts";
export {
  type LockHolder,
  type ReadOptions,
  type Storage,
  type StorageEntry,
  type StorageLock,
  type SweepOptions,
} from "./storage/storage.ts";
export {
  disagreement,
  type EffectiveNetwork,
  effectiveNetwork,
  type Histogram,
  histogram,
  inDegrees,
  interpolate,
  lossBarrier,
  type Movement,
  movement,
  outDegrees,
  type Overlap,
  overlap,
  splitByMask,
} from "./analysis/anatomy.ts";
export {
  type Barrier,
  barrier,
  BARRIER_POINTS,
  networksBetween,
  type Path,
} from "./analysis/connectivity.ts";
export {
  type Evaluated,
  evaluateNetworks,
  type EvaluationExamples,
  type FinishedNetwork,
  NetworkEvaluator,
  type Score,
} from "./models/network_evaluator.ts";
export { summarize, type Summary } from "./analysis/statistics.ts";
export { checkClaims, type ClaimResult, type ClaimVerdict } from "./analysis/claims.ts";
export type { Unit } from "./analysis/claims/claim.ts";
export { type KernelCounts, kernelCounts } from "./analysis/kernel_anatomy.ts";
export { studentInterval } from "./analysis/statistics.ts";
export { SERIES, SERIES_KINDS, type SeriesKind } from "./analysis/series.ts";
export { type StudyRun } from "./analysis/study.ts";
export { type FinishedRun } from "./records/finished_run.ts";
export { KINDS, type RunKind } from "./records/kinds.ts";
export { type RunId } from "./records/run_id.ts";
export { type RunResults } from "./records/trained_run.ts";
export type {
  QueueActivity,
  ShapeRequest,
  TrainOutcome,
  TrainRequest,
} from "./foundations/queue/train_request.ts";
