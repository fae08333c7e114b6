/**
 * The state of the experiment that is shown, from the worker's events or from a stored experiment:
 * lines for the charts, summaries and maps. Touches no document.
 */

import type { Curves } from "../../../engine/mod.ts";
import type { ExperimentView, LaboratoryEvent, PixelMap, PruningScores } from "../../messages.ts";
import type { Line, Point } from "../charts/line_values.ts";
import { inOrder, type RunId } from "../../../records/run_id.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";

/** Which value of a curve's points is drawn. */
export type Measure = "loss" | "accuracy";

const keyOf = ({ kind, trial, level, run }: RunId): string => `${kind} ${trial} ${level} ${run}`;

/** The curve that is drawn: of the test images, whose numbers are the answer's too. */
const drawnOf = ({ validate, test }: Curves) => test.length > 0 ? test : validate;

/** The state of the experiment that the page shows. */
export class RunModel {
  path = "";
  settings: [name: string, text: string][] = [];
  readonly summaries = new Map<string, FinishedRun>();
  readonly maps = new Map<string, PixelMap>();
  /** The latest pruning of each trial. */
  readonly #scores = new Map<number, PruningScores>();
  /** The run that is being trained; null before and after. */
  current: RunId | null = null;
  iterations = 1;
  readonly #curves = new Map<string, { run: RunId; curves: Curves }>();

  /** A stored experiment. */
  static of({ path, settings, runs, pixelMaps, scores }: ExperimentView): RunModel {
    const model = new RunModel();
    Object.assign(model, { path, settings });
    for (const summary of runs) model.summaries.set(keyOf(summary), summary);
    for (const map of pixelMaps) model.maps.set(keyOf(map.run), map);
    if (scores) model.#scores.set(scores.trial, scores);
    return model;
  }

  /** Takes what the worker tells. */
  receive(event: LaboratoryEvent): void {
    if (event.type === "header") {
      this.path = event.path;
      this.settings = event.lines;
    } else if (event.type === "stage") this.current = event.run;
    else if (event.type === "progress") this.iterations = event.iterations;
    else if (event.type === "map") this.maps.set(keyOf(event.map.run), event.map);
    else if (event.type === "scores") this.#scores.set(event.scores.trial, event.scores);
    else if (event.type === "run") this.summaries.set(keyOf(event.summary), event.summary);
    else if (event.type === "points") this.#add(event.run, event.points);
  }

  #add(run: RunId, points: Curves): void {
    const key = keyOf(run);
    const known = this.#curves.get(key) ??
      { run, curves: { train: [], validate: [], test: [] } };
    this.#curves.set(key, known);
    for (const phase of ["train", "validate", "test"] as const) {
      // A run that resumes from a checkpoint sends some points again.
      const last = known.curves[phase].at(-1)?.iteration ?? -1;
      known.curves[phase].push(...points[phase].filter(({ iteration }) => iteration > last));
    }
  }

  /** Takes the curves of a finished run as they were stored. */
  addStored(folder: string, curves: Curves): void {
    const run = this.runs.find((summary) => summary.folder === folder);
    if (!run) return;
    this.#curves.set(keyOf(run), { run, curves });
    // The last point of training is from before its last update.
    const last = curves.train.at(-1)?.iteration ?? 0;
    this.iterations = Math.max(this.iterations, last + 1, curves.test.at(-1)?.iteration ?? 0);
  }

  /** Folders of finished runs whose curves are not here; of one trial and of lotteries. */
  get missingCurves(): string[] {
    return this.runs.filter((run) => run.trial === this.trial && !this.#curves.has(keyOf(run)))
      .filter(({ kind, run }) => kind === "ticket" || run <= 1).map(({ folder }) => folder);
  }

  /** Summaries in the order of the command line's table. */
  get runs(): FinishedRun[] {
    return [...this.summaries.values()].sort(inOrder);
  }

  /** The trial that the charts show: the one in training, else the first. */
  get trial(): number {
    return this.current?.trial ?? Math.min(...this.runs.map(({ trial }) => trial), Infinity);
  }

  /** Accuracy of the run in training before its first iteration; null until it is known. */
  get startAccuracy(): number | null {
    const curves = this.current && this.#curves.get(keyOf(this.current))?.curves;
    const [first] = curves ? drawnOf(curves) : [];
    return first?.iteration === 0 ? first.accuracy : null;
  }

  /** The shown trial's latest pruning; null before it. */
  get scores(): PruningScores | null {
    return this.#scores.get(this.trial) ?? null;
  }

  /** The shown trial's tickets, by level. */
  get tickets(): FinishedRun[] {
    const trial = Math.min(...this.runs.map((run) => run.trial));
    return this.runs.filter((run) => run.kind === "ticket" && run.trial === trial);
  }

  /** Lines of a chart, as measured on the test images (else on the validation split). */
  lines(measure: Measure): Line[] {
    const ofTrial = [...this.#curves.values()].filter(({ run }) => run.trial === this.trial);
    const lastLevel = Math.max(0, ...ofTrial.map(({ run }) => run.level));
    // Controls of every level would hide the tickets; those of the smallest are its rivals.
    const shown = ofTrial.filter(({ run }) => run.kind === "ticket" || run.level === lastLevel);
    return shown.map(({ run, curves }) => {
      const isCurrent = this.current
        ? keyOf(run) === keyOf(this.current)
        : run.kind === "ticket" && run.level === lastLevel;
      const points = drawnOf(curves).map((point): Point => [point.iteration, point[measure]]);
      const role = run.kind !== "ticket"
        ? "reinit"
        : isCurrent
        ? "current"
        : run.level === 0
        ? "full"
        : "earlier";
      return { points, role, level: run.level, percent: this.percentOf(run) };
    });
  }

  /** Weights remaining of a run; of its first layer until it is finished; null while unknown. */
  percentOf(run: RunId): number | null {
    const summary = this.summaries.get(keyOf(run)), map = this.maps.get(keyOf(run));
    if (summary) return summary.percent;
    if (!map) return null;
    return 100 * map.live.reduce((sum, n) => sum + n, 0) / (map.live.length * map.units);
  }
}
