/**
 * Trains a run whose masks change (pruning/dynamic.ts): in parts, from one update of the masks to
 * the next. Between two of them the host has the state of the network, and changes it.
 */

import type { Curves, TrainingState } from "../engine/mod.ts";
import { weightedLayers } from "../engine/layer_spec.ts";
import { deriveKey, type Key, RandomStream } from "../engine/random.ts";
import type { KernelKind } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import type { ModelBase } from "./model.ts";
import { density } from "../models/masks.ts";
import { fromBits, type MaskStep, toBits } from "../models/mask_history.ts";
import { batchGradients, type Gradients } from "./pruning/batch_gradients.ts";
import {
  changedLayer,
  checkDynamic,
  DYNAMIC,
  type DynamicSpec,
  lastUpdate,
  maskChange,
} from "./pruning/dynamic.ts";
import type { RunQueue } from "./queue/run_queue.ts";
import { masksOf, type TrainOutcome, type TrainRequest } from "./queue/train_request.ts";

/** How the masks of a run change. */
export interface Dynamic extends DynamicSpec {
  /** Key of the random numbers of all updates. */
  key: Key;
  /** Of rules that need gradients. Default: those of `batchGradients`. */
  gradients?: Gradients;
}

/** A run whose masks change. */
export interface DynamicRequest extends Omit<TrainRequest, "onCheckpoint"> {
  dynamic: Dynamic;
  /** The masks up to `resumeFrom`, where there is one. */
  history?: readonly MaskStep[] | null;
  /** Keeps a state to resume from, with the masks up to it. */
  onCheckpoint?: (state: TrainingState, history: readonly MaskStep[]) => Promise<void>;
}

/** Its outcome. */
export interface DynamicOutcome extends TrainOutcome {
  /** Last masks of each layer with weights. */
  masks: readonly Float32Array[];
  /** All masks: first those that it began with, then those after each update. */
  history: readonly MaskStep[];
}

/** The fields that decide a run, for its record. */
export function recordedDynamic({ rule, interval, fraction, live, key }: Dynamic) {
  return { rule, interval, ...(fraction !== undefined && { fraction }), live, key };
}

/** @throws InputError naming what this network, or a run of so many iterations, cannot have */
export function checkDynamicRun(
  dynamic: DynamicSpec,
  { masks }: ModelBase,
  kernels: KernelKind,
  iterations: number,
): void {
  if (kernels === "sparse") {
    throw new InputError(
      "dynamic training: lists of live weights cannot change during a run; use the dense kernels",
    );
  }
  const { layers } = density(masks);
  const sizes = Object.entries(layers).map(([name, { total }]) => [name, total]);
  checkDynamic(dynamic, Object.fromEntries(sizes), iterations);
  const { startsDense } = DYNAMIC[dynamic.rule];
  for (const [name, { live }] of Object.entries(layers)) {
    const end = dynamic.live[name];
    if (startsDense ? live >= end : live === end) continue;
    throw new InputError(
      `dynamic training: ${name} starts with ${live} live weights where ${dynamic.rule} ends ` +
        `with ${end}: give masks with ${startsDense ? "at least" : "exactly"} as many`,
    );
  }
}

/**
 * Trains one run on the queue; those that are started together, with the same plan and updates,
 * are trained together. At an update the network is measured as it was before; the gradients are
 * those of the batch that training takes next.
 */
export async function trainDynamic(
  queue: RunQueue,
  request: DynamicRequest,
): Promise<DynamicOutcome> {
  const { dynamic, onCheckpoint, history: before, ...shared } = request;
  const { plan, model, dataset, batchSize } = request, { start = 0, iterations } = plan;
  const gradients = dynamic.gradients ?? batchGradients(queue, model.layers, dataset, batchSize);
  const { interval } = dynamic, last = lastUpdate(dynamic.rule, interval, iterations);
  const starting = masksOf(request), names = weightedLayers(model.layers).map(({ name }) => name);
  const history = [...before ?? [{ iteration: start, bits: starting.map(toBits) }]];
  let masks: readonly Float32Array[] = history.at(-1)!.bits
    .map((bits, l) => Float32Array.from(fromBits(bits, starting[l].length)));
  const counts = history[0].bits
    .map((bits, l) => fromBits(bits, starting[l].length).reduce((sum, live) => sum + live, 0));
  const update = async (state: TrainingState): Promise<TrainingState> => {
    const { iteration } = state;
    const dense = DYNAMIC[dynamic.rule].needsGradients ? await gradients(state) : null;
    const changed = state.layers.map((layer, l) => {
      const key = deriveKey(dynamic.key, iteration, l);
      const change = maskChange(dynamic, {
        ...{ weights: layer.weights, mask: masks[l], gradient: dense && dense[l] },
        ...{ start: counts[l], end: dynamic.live[names[l]], stream: new RandomStream(key) },
      }, { iteration, iterations });
      return changedLayer(layer, masks[l], change);
    });
    masks = changed.map(({ mask }) => mask);
    history.push({ iteration, bits: masks.map(toBits) });
    return { ...state, layers: changed.map(({ layer }) => layer) };
  };
  const onPoints = request.onPoints && withoutRepeats(request.onPoints);
  const pace = queue.checkpointPace();
  let state = request.resumeFrom ?? null, resumed: number | undefined;
  for (;;) {
    const done = state?.iteration ?? start;
    const isUpdate = done > 0 && done <= last && done % interval === 0;
    const isDue = isUpdate && history.at(-1)!.iteration < done;
    if (state && isDue) state = await update(state);
    const next = done - done % interval + interval, pause = next <= last ? next : undefined;
    const outcome = await queue.train({
      ...{ ...shared, masks, resumeFrom: state, pace, onPoints },
      plan: {
        ...plan,
        ...(pause !== undefined && { pause }),
        ...(resumed !== undefined && { resumed }),
      },
      ...(onCheckpoint && { onCheckpoint: (state) => onCheckpoint(state, history) }),
    });
    // At the end, or where it has diverged.
    if (!outcome.state) return { ...outcome, masks, history };
    state = outcome.state;
    resumed = state.iteration;
  }
}

/** Each part of a run begins with the points of those before it. */
function withoutRepeats(onPoints: (points: Curves) => void): (points: Curves) => void {
  const last = { train: -1, validate: -1, test: -1 };
  const newOf = (phase: keyof Curves, points: Curves) => {
    const news = points[phase].filter(({ iteration }) => iteration > last[phase]);
    last[phase] = news.at(-1)?.iteration ?? last[phase];
    return news;
  };
  return (points) =>
    onPoints({
      train: newOf("train", points),
      validate: newOf("validate", points),
      test: newOf("test", points),
    });
}
