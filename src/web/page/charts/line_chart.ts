/// <reference lib="dom" />
/**
 * A line chart on a canvas, cheap enough to be drawn again at every step of a training. A crosshair
 * follows mouse, finger and arrow keys, in all charts at once; below stand its values, one button
 * for each line, which chooses that line's level.
 */

import { el, svg } from "../dom.ts";
import type { LevelChoice, Shared } from "../run/level_choice.ts";
import { drawPlot, isChosen, iterationAt, lineColor } from "./line_plot.ts";
import { type Line, measuredAt, readoutName, thin, valueAt } from "./line_values.ts";

/** The content of a chart. */
export interface ChartOptions {
  title: string;
  note: string;
  /** Text of a value, beside the chart and for screen readers. */
  format: (value: number) => string;
  /** Text of a value on the axis. */
  tick: (value: number) => string;
  /** The greatest value of the axis where it is fixed. */
  top?: number;
  /** Whether the axis begins at 0. */
  fromZero: boolean;
  /** Whether a dot marks where a line begins. */
  marksStart?: boolean;
  /** The iteration of the crosshair, shared by charts; null without one. */
  crosshair: Shared<number | null>;
  choice: LevelChoice;
}

/** An arrow key moves so many measurements that it needs no more presses than this. */
const KEY_STEPS = 50;
/** The part of a training after which values are settled, and how much larger first ones may be. */
const SETTLED = 0.08, FLATTENING = 8;

/** Draws curves that grow. */
export class LineChart {
  readonly element: HTMLElement;
  readonly #canvas = el("canvas", { class: "plot", role: "slider", tabindex: 0 });
  readonly #when = el("p", { class: "readout-when" });
  readonly #values = el("ul", { class: "readout" });
  #lines: readonly Line[] = [];
  #iterations = 1;
  /** Iterations at which something was measured, ascending: the crosshair stands at these alone. */
  #measured: readonly number[] = [0];
  #isDue = false;
  #nearest: (y: number) => Line | null = () => null;

  constructor(private readonly options: ChartOptions) {
    this.element = el(
      "figure",
      { class: "figure" },
      el("figcaption", {}, el("h3", {}, options.title), el("p", { class: "note" }, options.note)),
      this.#canvas,
      this.#when,
      this.#values,
    );
    this.#canvas.setAttribute("aria-label", `${options.title}: nothing yet`);
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw());
    options.crosshair.listen(() => this.#redraw());
    options.choice.listen(() => this.#redraw());
    this.#listen();
  }

  /** Shows these lines, from iteration 0 to `iterations`. */
  show(lines: readonly Line[], iterations: number): void {
    this.#lines = lines.map((line) => ({ ...line, points: thin(line.points) }));
    this.#iterations = Math.max(1, iterations);
    this.#measured = measuredAt(this.#lines);
    this.#redraw();
  }

  #listen(): void {
    const { crosshair, choice } = this.options, canvas = this.#canvas;
    const move = ({ clientX }: PointerEvent) => {
      const { left, width } = canvas.getBoundingClientRect();
      crosshair.set(this.#nearestTo(iterationAt(clientX - left, width, this.#iterations)));
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerdown", move);
    canvas.addEventListener("pointerleave", ({ pointerType }) => {
      // A finger that is lifted leaves its values there to be read.
      if (pointerType === "mouse") crosshair.set(null);
    });
    canvas.addEventListener("click", ({ clientY }) => {
      const line = this.#nearest(clientY - canvas.getBoundingClientRect().top);
      if (line) choice.toggle(line.level);
    });
    canvas.addEventListener("keydown", (event) => {
      const measured = this.#measured, last = measured.length - 1;
      const at = crosshair.value === null
        ? last
        : measured.indexOf(this.#nearestTo(crosshair.value));
      const step = Math.max(1, Math.round(measured.length / KEY_STEPS));
      const goals: Record<string, number | null> = {
        ...{ ArrowRight: at + step, ArrowUp: at + step, ArrowLeft: at - step },
        ...{ ArrowDown: at - step, Home: 0, End: last, Escape: null },
      };
      const goal = goals[event.key];
      if (goal === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      crosshair.set(goal === null ? null : measured[Math.min(last, Math.max(0, goal))]);
    });
    canvas.addEventListener("blur", () => crosshair.set(null));
  }

  /** The measurement that is nearest to an iteration. */
  #nearestTo(iteration: number): number {
    return this.#measured.reduce((best, at) =>
      Math.abs(at - iteration) < Math.abs(best - iteration) ? at : best
    );
  }

  #redraw(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      const { tick, marksStart = false, crosshair, choice } = this.options;
      this.#nearest = drawPlot(this.#canvas, {
        ...{ lines: this.#lines, iterations: this.#iterations, range: this.#range() },
        ...{ tick, marksStart, at: crosshair.value, level: choice.value },
      });
      this.#showValues();
    });
  }

  /** The range of the values, without first ones so large that they would flatten the rest. */
  #range(): [low: number, high: number] {
    const { top, fromZero } = this.options;
    const all = this.#lines.flatMap(({ points }) => points).filter(([, y]) => Number.isFinite(y));
    if (all.length === 0) return [0, top ?? 1];
    const settled = all.filter(([x]) => x >= SETTLED * this.#iterations).map(([, y]) => y);
    const most = settled.length > 0 ? FLATTENING * Math.max(...settled) : Infinity;
    const values = all.map(([, y]) => y).filter((y) => y <= most);
    const least = Math.min(...values), greatest = Math.max(...values);
    const high = top ?? greatest + 0.08 * (greatest - least || 1);
    const low = fromZero ? 0 : Math.max(0, least - 0.15 * (high - least || 1));
    return [low, high];
  }

  /** Every line's value at the crosshair, or its latest. */
  #showValues(): void {
    const { title, format, crosshair, choice } = this.options, at = crosshair.value;
    const lines = this.#lines.filter(({ points }) => points.length > 0);
    const texts = lines.map(({ points }) => {
      const value = at === null ? points.at(-1)![1] : valueAt(points, at);
      return value === null ? "–" : format(value);
    });
    const when = at === null ? "Latest values" : `At iteration ${at.toLocaleString("en")}`;
    setText(this.#when, lines.length > 0 ? when : "");
    if (this.#values.childElementCount !== lines.length) {
      this.#values.replaceChildren(...lines.map(() => this.#item()));
    }
    lines.forEach((line, i) => {
      const button = this.#values.children[i].firstElementChild as HTMLElement;
      const [swatch, name, value] = button.children;
      swatch.firstElementChild!.setAttribute("fill", lineColor(line, lines));
      setText(name, readoutName(line));
      setText(value, texts[i]);
      button.dataset.level = `${line.level}`;
      button.ariaPressed = `${isChosen(line, choice.value)}`;
    });
    const words = lines.map((line, i) => `${readoutName(line)} ${texts[i]}`).join(", ");
    this.#canvas.setAttribute("aria-label", `${title}: ${this.#lines.length} lines`);
    const place = at ?? this.#iterations;
    this.#canvas.setAttribute("aria-valuemin", "0");
    this.#canvas.setAttribute("aria-valuemax", `${this.#iterations}`);
    this.#canvas.setAttribute("aria-valuenow", `${Math.min(place, this.#iterations)}`);
    this.#canvas.setAttribute("aria-valuetext", words === "" ? "nothing yet" : `${when}: ${words}`);
  }

  #item(): HTMLElement {
    const dot = svg("circle", { cx: 5, cy: 5, r: 5 });
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "readout-value" },
        svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, dot),
        el("span"),
        el("b"),
      ),
    );
  }
}

function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
