/// <reference lib="dom" />
/** Test accuracy against the weights that are left, at the early stop and at the end. */

import { SERIES_KINDS } from "../../../analysis/series.ts";
import { levelMetrics } from "../../../analysis/study.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";
import { type LevelChoice, Shared } from "../run/level_choice.ts";
import { LevelChart } from "./level_chart.ts";

const LINE =
  "The dashed line is the full network: a point above it does better with fewer weights.";
const CHARTS = [
  {
    metric: "earlyStopAccuracy",
    title: "Test accuracy at the early stop",
    note: `Where the loss on the validation images, which are kept aside, was smallest. ${LINE}`,
  },
  {
    metric: "finalAccuracy",
    title: "Test accuracy at the end of training",
    note: LINE,
  },
] as const;

/** Whether every run was best at its end: then the early stop says nothing more. */
export function stopsAtEnd(runs: readonly FinishedRun[]): boolean {
  return runs.every((run) =>
    run.earlyStopAccuracy === null || run.earlyStopAccuracy === run.finalAccuracy
  );
}

/** The charts. */
export class AccuracyFigure {
  readonly #charts: { metric: typeof CHARTS[number]["metric"]; chart: LevelChart }[];

  constructor(private readonly container: HTMLElement, choice: LevelChoice) {
    const crosshair = new Shared<number | null>(null);
    this.#charts = CHARTS.map(({ metric, title, note }) => ({
      metric,
      chart: new LevelChart({ title, note, choice, crosshair }),
    }));
    this.container.replaceChildren(...this.#charts.map(({ chart }) => chart.element));
  }

  /** Shows these runs; with fewer than two levels there is nothing to compare yet. */
  show(runs: readonly FinishedRun[]): void {
    const isWorthIt = new Set(runs.map(({ level, kind }) => `${level} ${kind}`)).size > 1;
    this.container.hidden = !isWorthIt;
    if (!isWorthIt) return;
    const isOne = stopsAtEnd(runs);
    for (const { metric, chart } of this.#charts) {
      chart.element.hidden = isOne && metric === "earlyStopAccuracy";
      chart.element.classList.toggle("is-alone", isOne);
      chart.show(levelMetrics(runs, SERIES_KINDS, metric));
    }
  }
}
