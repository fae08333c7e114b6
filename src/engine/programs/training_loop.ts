/**
 * Runs a loaded program from its first iteration to its last and returns each replica's curves. The
 * host stays one burst ahead of the readback, so the GPU never waits for it.
 */

import { InputError } from "../../errors.ts";
import { CurveRecorder, type CurveRows, type Curves, pointsOf } from "../curves.ts";
import { type Burst, Pace, planBursts } from "./burst_plan.ts";
import type { BurstResult, Measurement, Program } from "./program.ts";
import type { LayerValues, NetworkState } from "../kernels/program_spec.ts";
import { evaluationWork, type TrainingPlan, trainingWork } from "./training_work.ts";

export type { TrainingPlan };

/** The state of a training run after a burst, for a progress display. */
export interface TrainingProgress {
  /** Updates made. */
  iteration: number;
  /** Updates in all. */
  iterations: number;
  /** Work done, of one replica, in iterations; see `trainingWork`. */
  work: number;
  /** Latest training loss, mean over the replicas; null before the first iteration. */
  loss: number | null;
  /** Latest validation (else test) accuracy, likewise; null before the first evaluation. */
  accuracy: number | null;
  /** How long the GPU has worked on it so far; null where the adapter has no timestamps. */
  gpuMilliseconds: number | null;
}

/** The outcome of a replica's training. */
export interface ReplicaOutcome {
  /** Loss and accuracy by iteration. */
  curves: Curves;
  /** First iteration whose training loss is not finite; null if all are. */
  divergedAt: number | null;
  /** Where training paused; absent at the end of the plan and of a run that has diverged. */
  state?: TrainingState;
}

/** A replica between two iterations, with its curves so far. */
export interface TrainingState extends NetworkState {
  /** All points up to this iteration. */
  curves: CurveRows;
}

/** Keeps states from which training can continue. */
export interface Checkpointing {
  /** Keep one after these many iterations and their multiples; null: `isDue` alone decides. */
  interval: number | null;
  /** Asked between two bursts. */
  isDue(iteration: number): boolean;
  /** Receives the state of each replica, null for those that have diverged. */
  keep(states: (TrainingState | null)[]): Promise<void>;
}

/** Options of `runTraining`. */
export interface TrainingOptions {
  /** Stops between two bursts, keeps a checkpoint, and rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called when training begins, and whenever a burst has been read back. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Receives what is waited for now, whenever that changes. */
  onActivity?: (activity: "training" | "evaluating") => void;
  /** Receives each replica's new points when a burst is read back; at first those of `from` too. */
  onPoints?: (replica: number, points: Curves) => void;
  /** Receives each replica's weights and biases, by layer, as they were when a burst ended. */
  onWeights?: (replica: number, iteration: number, layers: readonly LayerValues[]) => void;
  /** The curves of replicas that were loaded with the states of that iteration. */
  from?: { iteration: number; curves: CurveRows[] };
  checkpointing?: Checkpointing;
}

/**
 * Trains all replicas. Ends early when every replica has diverged.
 *
 * @throws InputError if the plan's numbers are not whole, or an interval is below 1
 */
export async function runTraining(
  program: Program,
  plan: TrainingPlan,
  options: TrainingOptions = {},
): Promise<ReplicaOutcome[]> {
  checkPlan(plan);
  const { signal, onProgress, onActivity, onPoints, onWeights, checkpointing, from } = options;
  const recorders = Array.from(
    { length: program.spec.replicas },
    (_, r) => new Recorder(plan, from?.curves[r]),
  );
  const due: TrainingPlan = program.count("validate") > 0
    ? plan
    : { ...plan, validateInterval: null };
  const pace = new Pace();
  const { start = 0, pause = plan.iterations } = plan;
  const first = from?.iteration ?? start;
  // Nothing has been trained here that is worth keeping, but where a part before has ended.
  const isWorthKeeping = (done: number) => done > first || plan.resumed === first;
  let gpuMilliseconds: number | null = 0;
  let activity: "training" | "evaluating" | null = null;
  const announce = (burst: Burst) => {
    const now = isMostlyEvaluation(burst, program) ? "evaluating" : "training";
    if (now !== activity) onActivity?.(now);
    activity = now;
  };
  let inFlight: {
    burst: Burst;
    result: Promise<BurstResult>;
    weights: Promise<LayerValues[][]> | null;
  } | null = null;
  const collect = async () => {
    if (!inFlight) return;
    const { burst, result, weights } = inFlight;
    inFlight = null;
    announce(burst);
    const measured = await result;
    record(recorders, burst, measured);
    pace.observe(burst.iterations);
    if (measured.gpuMilliseconds === null) gpuMilliseconds = null;
    else if (gpuMilliseconds !== null) gpuMilliseconds += measured.gpuMilliseconds;
    const iteration = burst.start + burst.iterations;
    report(iteration);
    if (onPoints) recorders.forEach((recorder, r) => onPoints(r, recorder.news()));
    (await weights)?.forEach((layers, r) => onWeights?.(r, iteration, layers));
  };
  const keep = async () => {
    const states = await program.readState();
    await checkpointing?.keep(states.map((state, r) => {
      const { divergedAt } = recorders[r];
      return divergedAt === null ? { ...state, curves: recorders[r].rows() } : null;
    }));
    pace.restart();
  };
  const burstLength = (done: number) => {
    const interval = checkpointing?.interval ?? null;
    return interval === null ? pace.length : Math.min(pace.length, interval - done % interval);
  };
  const sizes = {
    batchSize: program.spec.batchSize,
    validate: program.count("validate"),
    test: program.count("test"),
  };
  const report = (iteration: number, work = trainingWork(due, sizes, iteration)) =>
    onProgress?.({ ...progressOf(recorders, iteration, plan.iterations), work, gpuMilliseconds });
  report(first, from ? undefined : 0);
  for (const burst of planBursts(due, from ? first : null, burstLength)) {
    if (signal?.aborted || checkpointing?.isDue(burst.start)) {
      await collect();
      if (isWorthKeeping(burst.start)) await keep();
      signal?.throwIfAborted();
    }
    if (!inFlight) announce(burst);
    const result = program.run(burst.steps);
    // A copy that the GPU makes before the next burst, which it need not wait for.
    const weights = onWeights && burst.iterations > 0 ? program.readParameters() : null;
    // Awaited by collect(), once the next burst has been submitted.
    for (const later of [result, weights]) later?.catch(() => {});
    await collect();
    inFlight = { burst, result, weights };
    if (recorders.every(({ divergedAt }) => divergedAt !== null)) break;
  }
  await collect();
  const states = pause < plan.iterations ? await program.readState() : null;
  return recorders.map((recorder, r) => ({
    curves: recorder.points(),
    divergedAt: recorder.divergedAt,
    ...(states && recorder.divergedAt === null && {
      state: { ...states[r], curves: recorder.rows() },
    }),
  }));
}

/** Collects the metrics of one replica. */
class Recorder {
  readonly train: CurveRecorder;
  readonly validate: CurveRecorder;
  readonly test: CurveRecorder;
  divergedAt: number | null = null;

  constructor({ iterations, validateInterval, testInterval }: TrainingPlan, from?: CurveRows) {
    const none = new Float64Array();
    // One at the start, one at the end, and those between.
    const evaluations = (n: number | null) => n === null ? 0 : Math.ceil(iterations / n) + 2;
    this.train = new CurveRecorder(from?.train ?? none, iterations);
    this.validate = new CurveRecorder(from?.validate ?? none, evaluations(validateInterval));
    this.test = new CurveRecorder(from?.test ?? none, evaluations(testInterval));
  }

  rows(): CurveRows {
    return {
      train: this.train.rows(),
      validate: this.validate.rows(),
      test: this.test.rows(),
    };
  }

  /** The points since this was last asked, at first those from before the checkpoint too. */
  news(): Curves {
    return {
      train: this.train.news(),
      validate: this.validate.news(),
      test: this.test.news(),
    };
  }

  points(): Curves {
    const { train, validate, test } = this.rows();
    return { train: pointsOf(train), validate: pointsOf(validate), test: pointsOf(test) };
  }
}

function checkPlan(
  { start = 0, iterations, pause = iterations, validateInterval, testInterval }: TrainingPlan,
): void {
  const check = (name: string, value: number, min: number) => {
    if (Number.isSafeInteger(value) && value >= min) return;
    throw new InputError(`${name}: ${value} is not a whole number of at least ${min}`);
  };
  check("start", start, 0);
  check("iterations", iterations, start);
  check("pause", pause, start);
  if (validateInterval !== null) check("validation interval", validateInterval, 1);
  if (testInterval !== null) check("test interval", testInterval, 1);
}

/** Whether a burst evaluates for longer than it trains. */
function isMostlyEvaluation({ iterations, steps }: Burst, program: Program): boolean {
  const { batchSize } = program.spec;
  const evaluations = steps.map((step) =>
    "evaluate" in step ? evaluationWork(program.count(step.evaluate), batchSize) : 0
  );
  return evaluations.reduce((sum, work) => sum + work, 0) > iterations;
}

/** Appends a burst's measurements to the curves of the replicas that have not diverged. */
function record(recorders: Recorder[], burst: Burst, result: BurstResult): void {
  recorders.forEach((recorder, r) => {
    let iteration = burst.start, measured = 0, evaluated = 0;
    const push = (curve: CurveRecorder, { losses, correct, count }: Measurement) => {
      if (recorder.divergedAt !== null) return;
      if (Number.isFinite(losses[r])) curve.push(iteration, losses[r], correct[r] / count);
      else recorder.divergedAt = iteration;
    };
    for (const step of burst.steps) {
      if ("evaluate" in step) {
        push(recorder[step.evaluate], result.evaluations[evaluated++]);
        continue;
      }
      for (let i = 0; i < step.iterate; i++, iteration++) {
        push(recorder.train, result.iterations[measured++]);
      }
    }
  });
}

function progressOf(
  recorders: Recorder[],
  iteration: number,
  iterations: number,
): Omit<TrainingProgress, "gpuMilliseconds" | "work"> {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const evaluated = recorders.flatMap(({ validate, test }) =>
    (validate.last ?? test.last)?.accuracy ?? []
  );
  return {
    iteration,
    iterations,
    loss: recorders.some(({ train }) => !train.last)
      ? null
      : mean(recorders.map(({ train }) => train.last!.loss)),
    accuracy: evaluated.length > 0 ? mean(evaluated) : null,
  };
}
