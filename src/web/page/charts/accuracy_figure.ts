/// <reference lib="dom" />
/**
 * Accuracy against weights remaining, drawn again whenever a level is finished. The chart worker
 * draws it; that worker, with Vega in it, is loaded when first needed.
 */

import { fractionText, percentText } from "../../../analysis/percent.ts";
import type { Chart, ChartReply, ChartRequest } from "./chart_worker.ts";
import { el } from "../dom.ts";
import { levelName } from "./level_table.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";

const TITLES: Record<Chart["metric"], [title: string, note: string]> = {
  earlyStopAccuracy: [
    "Test accuracy at the early stop",
    "Read off at the iteration with the smallest validation loss, against the weights remaining.",
  ],
  finalAccuracy: [
    "Test accuracy at the end",
    "Read off at the last iteration. Above the first blue point, a ticket beats the full network.",
  ],
};

/** Room for the labels of a figure's axis and its edges. */
const AXIS_WIDTH = 72;
/** A figure that is as wide as the page is no higher than this. */
const MOST_HEIGHT = 320;

/** Draws accuracy against weights remaining. */
export class AccuracyFigure {
  #worker: Worker | null = null;
  #id = 0;
  #isBusy = false;
  #drawnWidth = 0;
  #runs: readonly FinishedRun[] = [];
  #addresses: string[] = [];

  /** @param frame an element as wide as each figure is to be */
  constructor(private readonly container: HTMLElement, private readonly frame: HTMLElement) {
    new ResizeObserver(() => {
      if (!this.container.hidden && Math.abs(this.#width - this.#drawnWidth) >= 8) this.#draw();
    }).observe(frame);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Shows these runs; with fewer than two levels there is nothing to compare yet. */
  show(runs: readonly FinishedRun[]): void {
    this.#runs = runs;
    const isWorthIt = new Set(runs.map(({ level, kind }) => `${level} ${kind}`)).size > 1;
    if (isWorthIt) this.#draw();
    else {
      this.#id++;
      this.container.hidden = true;
    }
  }

  #draw(): void {
    if (this.#runs.length === 0) return;
    this.#id++;
    if (!this.#isBusy) this.#send();
  }

  /** Of a panel: what a figure has beside its axis; one alone has the whole row. */
  get #width(): number {
    const { clientWidth } = (this.#isStopLast && this.frame.parentElement) || this.frame;
    return Math.max(200, Math.floor(clientWidth) - AXIS_WIDTH);
  }

  /** One picture at a time; what came meanwhile is drawn after it. */
  #send(): void {
    this.#worker ??= this.#startWorker();
    this.#isBusy = true;
    this.#drawnWidth = this.#width;
    const request: ChartRequest = {
      id: this.#id,
      runs: this.#runs,
      isDark: matchMedia("(prefers-color-scheme: dark)").matches,
      width: this.#drawnWidth,
      height: Math.round(Math.min(0.62 * this.#drawnWidth, MOST_HEIGHT)),
    };
    this.#worker.postMessage(request);
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("chart_worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#receive(data));
    worker.addEventListener("error", () => this.#receive({ id: this.#id, error: "lost" }));
    return worker;
  }

  #receive({ id, charts, error }: ChartReply): void {
    this.#isBusy = false;
    if (!charts) {
      // It could not be loaded, or its modules could not: it would never draw. The next picture
      // gets another.
      this.#worker?.terminate();
      this.#worker = null;
    }
    if (id !== this.#id) return this.#send();
    charts = charts?.filter(({ metric }) => metric !== "earlyStopAccuracy" || !this.#isStopLast);
    if (!charts) {
      this.container.replaceChildren(
        el(
          "p",
          { class: "note" },
          `The chart could not be drawn (${error}); the table has its numbers.`,
        ),
      );
      this.container.hidden = false;
      return;
    }
    for (const address of this.#addresses) URL.revokeObjectURL(address);
    this.#addresses = charts.map(({ svg }) =>
      URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }))
    );
    this.container.replaceChildren(...charts.map(({ metric }, i) => {
      const [title, note] = TITLES[metric];
      return el(
        "figure",
        { class: "figure" },
        el("figcaption", {}, el("h3", {}, title), el("p", { class: "note" }, note)),
        el("img", { src: this.#addresses[i], alt: this.#inWords(metric) }),
      );
    }));
    this.container.hidden = false;
  }

  /** Whether every run was best at its end: then one figure says it all. */
  get #isStopLast(): boolean {
    return this.#runs.every((run) => run.earlyStopAccuracy === run.finalAccuracy);
  }

  #inWords(metric: Chart["metric"]): string {
    const points = this.#runs.map((run) =>
      `${levelName(run)}, ${percentText(run.percent, 1)} of the weights: ` +
      fractionText(run[metric])
    );
    return points.join("; ");
  }
}
