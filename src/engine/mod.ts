/** The engine: trains, evaluates and prunes networks on a WebGPU device. Knows nothing of files. */

export {
  type Augmentation,
  type AugmentName,
  AUGMENTS,
  checkAugments,
} from "./examples/augment.ts";
export { type ChannelStatistics, channelStatistics } from "./examples/channels.ts";
export { type CurvePoint, type CurveRows, type Curves } from "./curves.ts";
export { destroyExamples, type GpuExamples, uploadExamples } from "./examples/dataset.ts";
export {
  checkExamples,
  checkNormalization,
  type ExampleArrays,
  type GivenExamples,
  MOST_CLASSES,
  type Normalization,
  NORMALIZATIONS,
} from "./examples/example_arrays.ts";
export { type Numbers } from "./numbers.ts";
export { type AdapterDescription } from "./adapter.ts";
export { Gpu, openGpu } from "./device.ts";
export {
  type Activation,
  checkLayers,
  type Conv2dSpec,
  type DenseSpec,
  type Extent,
  inputSize,
  isConv2d,
  isDense,
  isPool,
  type LayerImage,
  type LayerSpec,
  outputShape,
  outputSize,
  type PoolSpec,
  weightedLayers,
  type WeightedSpec,
  weightShape,
} from "./layer_spec.ts";
export { adamSpec, type OptimizerSpec, stateCount, type UpdateRule } from "./optimizers.ts";
export { type BurstStep, type Measurement, type Prediction, Program } from "./programs/program.ts";
export {
  type KernelKind,
  type LayerParameters,
  type LayerState,
  type LayerValues,
  MAX_BURST,
  type NetworkState,
  type ProgramSpec,
  type ReplicaParameters,
  type Split,
} from "./kernels/program_spec.ts";
export {
  type ImageTiles,
  type MatrixStorage,
  type SparseTiles,
  type Tiles,
  type Tuned,
} from "./kernels/tiles.ts";
export { maxReplicas } from "./kernels/program_limits.ts";
export { type PruneJob, pruneLowest, pruneSmallest, type ScoreJob } from "./programs/prune.ts";
export {
  type Checkpointing,
  type ReplicaOutcome,
  runTraining,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingState,
} from "./programs/training_loop.ts";
export { trainingWork } from "./programs/training_work.ts";
