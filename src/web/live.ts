/** Turns what the laboratory reports into events for the page, few enough for it to draw. */

import { outDegrees } from "../analysis/anatomy.ts";
import { scoreHistograms } from "../analysis/score_histogram.ts";
import type { CurvePoint, Curves } from "../engine/mod.ts";
import type { Tensor } from "../formats/tensor.ts";
import type { LaboratoryEvents } from "../commands/laboratory.ts";
import { type Activity, type ProgressState, SpeedMeter } from "../commands/progress.ts";
import type { LaboratoryEvent, PixelMap, Step } from "./messages.ts";
import type { RunId, StartedRun } from "../records/run_id.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import type { ScoredPruning, TrainedWeights } from "../runs/provide.ts";
import { LiveWeights } from "./weights/live_weights.ts";

/** Most points of a training curve that one event brings, and those of what was trained before. */
const MOST_POINTS = 20, MOST_OLD_POINTS = 400;
/** Time between two events of progress, and of one run's points. */
const PAUSE_MS = 250;

/** Receives the events of a laboratory and sends the page what it shows of them. */
export class LiveEvents implements LaboratoryEvents {
  readonly #speed = new SpeedMeter();
  readonly #points = new Map<string, { run: RunId; points: Curves }>();
  /** Runs of which points were sent. */
  readonly #told = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #progress: ProgressState | null = null;
  #step: Step | null = null;

  /** The last level that is pruned to make the next; -1 where nothing is. */
  lastPruned = -1;

  readonly #weights: LiveWeights;

  constructor(private readonly send: (event: LaboratoryEvent) => void) {
    this.#weights = new LiveWeights(send);
  }

  readonly onNotice = (text: string): void => this.send({ type: "notice", text });

  readonly onStage = (stage: string, run: StartedRun | null): void => {
    if (run === null) return;
    const { kind, level } = run;
    this.flush();
    this.send({ type: "stage", stage, run: idOf(run) });
    this.#weights.start(run);
    const [mask] = Object.values(run.masks);
    const map = mask && pixelMap(run, mask, run.imageShape);
    if (map) this.send({ type: "map", map });
    if (kind === "ticket" && level > 0) this.step("rewind");
    // Rewinding takes a moment; what is then waited for is the training.
    this.step(kind === "ticket" ? "train" : "control");
  };

  readonly onRun = (summary: FinishedRun): void => {
    this.flush();
    this.#weights.end(summary);
    this.send({ type: "run", summary });
    if (summary.kind === "ticket" && summary.level <= this.lastPruned) this.step("prune");
  };

  readonly onWeights = (run: RunId, iteration: number, weights: TrainedWeights): void =>
    this.#weights.advance(run, iteration, weights);

  readonly onPruned = (pruning: ScoredPruning): void => {
    const { trial, level, next, ...masks } = pruning;
    this.#weights.prune(pruning);
    // Bins, not scores: 266,200 of them take some 10 ms to count and would take longer to send.
    this.send({
      type: "scores",
      scores: { trial, level, next, histograms: scoreHistograms(masks) },
    });
  };

  readonly onActivity = (activity: Activity): void => this.send({ type: "activity", activity });

  readonly onPoints = (run: RunId, points: Curves): void => {
    const key = JSON.stringify(idOf(run));
    const held = this.#points.get(key)?.points;
    this.#points.set(key, {
      run: idOf(run),
      points: held ? joined(held, points) : points,
    });
    this.#flushSoon();
  };

  readonly onProgress = (state: ProgressState): void => {
    this.#speed.measure(performance.now(), state);
    this.#progress = state;
    if (this.#step !== "control") this.step("train");
    this.#flushSoon();
  };

  /** Says what is done now, if that is something else than before. */
  step(step: Step): void {
    if (step === this.#step) return;
    this.#step = step;
    this.send({ type: "step", step });
  }

  /** Sends what has gathered. */
  flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [key, { run, points }] of this.#points) {
      const train = thinned(points.train, this.#told.has(key) ? MOST_POINTS : MOST_OLD_POINTS);
      this.#told.add(key);
      this.send({ type: "points", run, points: { ...points, train } });
    }
    this.#points.clear();
    if (this.#progress) {
      this.send({
        type: "progress",
        ...this.#progress,
        speed: this.#speed.perSecond,
        secondsLeft: this.#speed.secondsLeft(this.#progress),
      });
      this.#progress = null;
    }
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.flush(), PAUSE_MS);
  }
}

/** Which run, and nothing else of what it may carry. */
function idOf({ kind, trial, level, run }: RunId): RunId {
  return { kind, trial, level, run };
}

function joined(a: Curves, b: Curves): Curves {
  return {
    train: [...a.train, ...b.train],
    validate: [...a.validate, ...b.validate],
    test: [...a.test, ...b.test],
  };
}

/** At most `most` points, each the mean of its neighbours, at the last one's iteration. */
function thinned(points: readonly CurvePoint[], most: number): CurvePoint[] {
  const size = Math.ceil(points.length / most);
  const groups = Array.from(
    { length: size && Math.ceil(points.length / size) },
    (_, i) => points.slice(i * size, (i + 1) * size),
  );
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return groups.map((group) => ({
    iteration: group.at(-1)!.iteration,
    loss: mean(group.map(({ loss }) => loss)),
    accuracy: mean(group.map(({ accuracy }) => accuracy)),
  }));
}

/**
 * The live weights of each pixel, those of its channels together; null of a network whose first
 * layer is not dense.
 *
 * @param mask  of the first layer with weights
 * @param shape of an example: (height, width) of an image, or (height, width, channels)
 */
export function pixelMap(run: RunId, mask: Tensor, shape: readonly number[]): PixelMap | null {
  const [inputs, units] = mask.shape;
  if (mask.shape.length !== 2 || inputs !== shape.reduce((a, b) => a * b, 1)) return null;
  const [height, width, channels = 1] = shape.length > 1 ? shape : [1, inputs];
  const live = new Array<number>(height * width).fill(0);
  outDegrees(mask).forEach((weights, i) => live[Math.floor(i / channels)] += weights);
  return { run: idOf(run), live, units: units * channels, width, height };
}
