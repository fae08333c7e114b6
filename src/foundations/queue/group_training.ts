/**
 * Trains runs of one shape as the replicas of programs, from their last checkpoints where the GPU
 * was lost meanwhile.
 */

import {
  type Checkpointing,
  type Program,
  runTraining,
  type TrainingProgress,
  type TrainingState,
} from "../../engine/mod.ts";
import type { CheckpointPace } from "./checkpoint_pace.ts";
import type { GpuSlot } from "./gpu_slot.ts";
import type { ProgramCache } from "./program_cache.ts";
import {
  masksOf,
  type QueueActivity,
  replicaParameters,
  type TrainOutcome,
  type TrainRequest,
  workOf,
} from "./train_request.ts";

/** How far a group of runs that are trained at once has come. */
export interface GroupProgress extends TrainingProgress {
  /** Their number. */
  runs: number;
}

/** A run that waits, and who waits for it. */
export interface Waiting {
  request: TrainRequest;
  /** Its latest state. */
  from: TrainingState | null;
  resolve(outcome: TrainOutcome): void;
  reject(reason: unknown): void;
}

/** Resources for training a group. */
export interface GroupMeans {
  slot: GpuSlot;
  programs: ProgramCache;
  /** Makes the clock of checkpoints for runs that bring none. */
  newPace: () => CheckpointPace;
}

/** Options and callbacks of a group's training. */
export interface GroupOptions {
  /** Keeps a checkpoint of what is trained, then ends it and all that waits with its reason. */
  signal?: AbortSignal;
  /** Called as a group advances. */
  onProgress?: (progress: GroupProgress) => void;
  /** Called when runs of a group have ended, however, with the work that they were in all. */
  onEnd?: (work: number) => void;
  /** Called when what is being waited for changes. */
  onActivity?: (activity: QueueActivity) => void;
}

/** Trains runs of one shape, as many at a time as there is room for, until each has its outcome. */
export async function trainGroup(
  group: Waiting[],
  { slot, programs, newPace }: GroupMeans,
  options: GroupOptions,
): Promise<void> {
  const iterationOf = ({ from }: Waiting) => from?.iteration ?? 0;
  let left = group;
  const ended = (some: Waiting[]) => options.onEnd?.(some.length * workOf(some[0].request));
  const trainSome = async () => {
    const [{ request }] = left;
    // After a loss, all resume from the last checkpoint but those that had diverged by then.
    const together = left.filter((waiting) => iterationOf(waiting) === iterationOf(left[0]));
    const spec = await programs.specOf(request);
    const width = programs.widthOf(spec, together.length);
    const isSparse = request.kernels === "sparse";
    const sparse = isSparse ? together.map((waiting) => masksOf(waiting.request)) : null;
    const program = await programs.programFor(request, { ...spec, sparse }, width);
    const replicas = together.slice(0, program.spec.replicas);
    await trainReplicas(replicas, program, newPace, options);
    ended(replicas);
    left = left.filter((waiting) => !replicas.includes(waiting));
  };
  const reached = () => Math.max(...left.map(iterationOf));
  try {
    while (left.length > 0) await slot.use(trainSome, reached);
  } catch (error) {
    ended(left);
    throw error;
  }
}

async function trainReplicas(
  group: Waiting[],
  program: Program,
  newPace: GroupMeans["newPace"],
  { signal, onProgress, onActivity }: GroupOptions,
): Promise<void> {
  const states = group.map(({ from }) => from);
  const { plan } = group[0].request;
  group.forEach(({ request }, r) =>
    program.load(r, replicaParameters(request), states[r], plan.start)
  );
  const outcomes = await runTraining(program, plan, {
    signal,
    from: states[0]
      ? { iteration: states[0].iteration, curves: states.map((state) => state!.curves) }
      : undefined,
    checkpointing: checkpointingOf(group, newPace),
    onProgress: (progress) => onProgress?.({ ...progress, runs: group.length }),
    onActivity,
    onPoints: group.some(({ request }) => request.onPoints)
      ? (r, points) => group[r].request.onPoints?.(points)
      : undefined,
    onWeights: group.some(({ request }) => request.onWeights)
      ? (r, iteration, layers) => group[r].request.onWeights?.(iteration, layers)
      : undefined,
  });
  const parameters = await program.readParameters();
  group.forEach(({ resolve }, r) => resolve({ ...outcomes[r], final: parameters[r] }));
}

/** Keeps the states of runs: for their own files, and to resume from when the GPU is lost. */
function checkpointingOf(group: Waiting[], newPace: GroupMeans["newPace"]): Checkpointing {
  const pace = group[0].request.pace ?? newPace();
  return {
    interval: pace.interval,
    isDue: (iteration) => pace.isDue(iteration),
    keep: async (states) => {
      for (const [r, state] of states.entries()) {
        if (!state) continue;
        await group[r].request.onCheckpoint?.(state);
        group[r].from = state;
      }
      pace.kept();
    },
  };
}
