/// <reference lib="dom" />
/**
 * A line chart on a canvas, cheap enough to be drawn again at every step of a training, in the
 * page's own colours; the finished figures are Vega-Lite's.
 */

import { el } from "../dom.ts";

/** A point: iteration, and loss or accuracy. */
export type Point = readonly [x: number, y: number];

/** One line. */
export interface Line {
  points: readonly Point[];
  /** How it is drawn: earlier levels recede. */
  role: "current" | "earlier" | "full" | "reinit";
}

/** The content of a chart. */
export interface ChartOptions {
  title: string;
  note: string;
  /** Text of a value, in the axis and for screen readers. */
  format: (value: number) => string;
  /** The greatest value of the axis where it is fixed. */
  top?: number;
  /** Whether the axis begins at 0. */
  fromZero: boolean;
  /** Whether a dot marks where a line begins. */
  marksStart?: boolean;
}

const WIDTHS = { current: 2.5, earlier: 1, full: 1.75, reinit: 2.5 };
const COLORS = {
  current: "--accent",
  earlier: "--line-strong",
  full: "--ink",
  reinit: "--control",
};
const ORDER = ["earlier", "full", "reinit", "current"] as const;
/** More points than a canvas has columns would be drawn for nothing. */
const MAX_POINTS = 400;
const MARGIN = { left: 46, right: 12, top: 10, bottom: 30 };

/** At most `most` points, evenly chosen, the last among them. */
export function thin(points: readonly Point[], most = MAX_POINTS): readonly Point[] {
  if (points.length <= most) return points;
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => points[Math.round(i * step)]);
}

/** Round values that divide a range into about `count` parts. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
}

/** Draws curves that grow. */
export class LineChart {
  readonly element: HTMLElement;
  readonly #canvas = el("canvas", { class: "plot", role: "img" });
  readonly #label = el("li", { class: "current" }, "this level");
  #lines: readonly Line[] = [];
  #iterations = 1;
  #isDue = false;

  constructor(private readonly options: ChartOptions) {
    this.element = el(
      "figure",
      { class: "figure" },
      el("figcaption", {}, el("h3", {}, options.title), el("p", { class: "note" }, options.note)),
      this.#canvas,
      el(
        "ul",
        { class: "legend" },
        this.#label,
        el("li", { class: "full" }, "full network"),
        el("li", { class: "earlier" }, "levels between"),
        el("li", { class: "reinit" }, "reinitialized control"),
      ),
    );
    this.#canvas.setAttribute("aria-label", `${options.title}: nothing yet`);
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw());
  }

  /** Shows these lines, from iteration 0 to `iterations`; `label` is what the current line is. */
  show(lines: readonly Line[], iterations: number, label: string): void {
    this.#label.textContent = label;
    this.#lines = lines.map(({ points, role }) => ({ points: thin(points), role }));
    this.#iterations = Math.max(1, iterations);
    this.#redraw();
  }

  #redraw(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  /** The range of the values, without the first moments, which would flatten the rest. */
  #range(): [low: number, high: number] {
    const { top, fromZero } = this.options;
    const settled = this.#lines.flatMap(({ points }) =>
      points.filter(([x], i) => x >= 0.08 * this.#iterations || i === points.length - 1).map((p) =>
        p[1]
      )
    ).filter(Number.isFinite);
    if (settled.length === 0) return [0, top ?? 1];
    const least = Math.min(...settled), greatest = Math.max(...settled);
    const high = top ?? greatest + 0.08 * (greatest - least || 1);
    const low = fromZero ? 0 : Math.max(0, least - 0.15 * (high - least || 1));
    return [low, high];
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0) return;
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const style = getComputedStyle(this.#canvas);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const context = this.#canvas.getContext("2d")!;
    context.scale(scale, scale);
    const [low, high] = this.#range();
    const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
    const toX = (x: number) => MARGIN.left + (x / this.#iterations) * (right - MARGIN.left);
    const toY = (y: number) => bottom - ((y - low) / (high - low)) * (bottom - MARGIN.top);

    context.font = `12px ${style.fontFamily}`;
    context.lineWidth = 1;
    context.fillStyle = color("--muted");
    context.strokeStyle = color("--line");
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(low, high, 4)) {
      const y = Math.round(toY(value)) + 0.5;
      context.beginPath();
      context.moveTo(MARGIN.left, y);
      context.lineTo(right, y);
      context.stroke();
      context.fillText(this.options.format(value), MARGIN.left - 8, y);
    }
    context.textBaseline = "top";
    for (const value of ticks(0, this.#iterations, width < 400 ? 3 : 5)) {
      const x = toX(value);
      context.textAlign = value === 0 ? "left" : x > right - 20 ? "right" : "center";
      context.fillText(value.toLocaleString("en"), x, bottom + 8);
    }

    context.beginPath();
    context.rect(MARGIN.left - 4, 0, right - MARGIN.left + 8, bottom + 1);
    context.clip();
    context.lineJoin = "round";
    context.lineCap = "round";
    for (const role of ORDER) {
      for (const { points } of this.#lines.filter((line) => line.role === role)) {
        context.strokeStyle = color(COLORS[role]);
        context.lineWidth = WIDTHS[role];
        context.beginPath();
        points.forEach(([x, y], i) =>
          i === 0 ? context.moveTo(toX(x), toY(y)) : context.lineTo(toX(x), toY(y))
        );
        context.stroke();
        const last = points.at(-1);
        context.fillStyle = color(COLORS[role]);
        const dot = ([x, y]: Point) => {
          context.beginPath();
          context.arc(toX(x), toY(y), role === "earlier" ? 2 : 4, 0, 2 * Math.PI);
          context.fill();
        };
        if (this.options.marksStart && points[0]?.[0] === 0) dot(points[0]);
        if (role === "current" && last) dot(last);
      }
    }
    this.#describe();
  }

  #describe(): void {
    const { title, format } = this.options;
    const last = this.#lines.find(({ role }) => role === "current" || role === "reinit")?.points.at(
      -1,
    );
    const now = last ? `now ${format(last[1])} at iteration ${last[0]}` : "nothing yet";
    this.#canvas.setAttribute("aria-label", `${title}: ${now}; ${this.#lines.length} lines`);
  }
}
