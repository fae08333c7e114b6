/// <reference lib="dom" />
/** Draws the lines of a chart on a canvas, in the page's colours: axes, lines, names, crosshair. */

import { type Line, shortName, sparsity, spread, ticks, valueAt } from "./line_values.ts";

/** What is drawn. */
export interface Plot {
  lines: readonly Line[];
  iterations: number;
  range: readonly [low: number, high: number];
  tick: (value: number) => string;
  /** Whether a dot marks where a line begins. */
  marksStart: boolean;
  /** The crosshair's iteration; null without one. */
  at: number | null;
  /** The level that is chosen; null: the latest. */
  level: number | null;
}

/** Room for the axes, and at the right for the lines' names. */
const MARGIN = { left: 46, right: 62, top: 10, bottom: 44 };
const ORDER = ["earlier", "full", "reinit", "current"] as const;
/** Between the names of lines, in CSS pixels. */
const NAME_GAP = 14;

/** How far from a line a tap may be that chooses it, in CSS pixels. */
const REACH = 30;

type Rgb = [number, number, number];
const parse = (hex: string): Rgb => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as Rgb;

/** The colours of lines: black for the full network, grey to blue from dense to sparse. */
export function lineColor(
  line: Omit<Line, "points">,
  all: readonly Omit<Line, "points">[],
): string {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  if (line.role === "full") return color("--ink");
  if (line.role === "reinit") return color("--control");
  const percents = all.flatMap(({ role, percent }) =>
    role === "reinit" || percent === null ? [] : [percent]
  );
  const [dense, sparse] = [parse(color("--muted")), parse(color("--accent"))];
  const part = line.role === "current" ? 1 : sparsity(line.percent, percents);
  return `rgb(${dense.map((from, c) => Math.round(from + part * (sparse[c] - from))).join(" ")})`;
}

/** Whether a line is the one that is chosen; its control is with it. */
export const isChosen = ({ role, level }: Line, chosen: number | null): boolean =>
  chosen === null ? role === "current" : level === chosen && role !== "reinit";

/** The size of the page's text, in CSS pixels. */
const rootSize = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** The iteration under a place on the canvas, in CSS pixels from its left. */
export function iterationAt(x: number, width: number, iterations: number): number {
  const inside = width - MARGIN.left - MARGIN.right;
  return Math.round(iterations * Math.min(1, Math.max(0, (x - MARGIN.left) / inside)));
}

/** Draws; returns the line that is nearest to a height, in CSS pixels, at the crosshair. */
export function drawPlot(canvas: HTMLCanvasElement, plot: Plot): (y: number) => Line | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const { lines, iterations, range: [low, high], at } = plot;
  const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
  const toX = (x: number) => MARGIN.left + (x / iterations) * (right - MARGIN.left);
  const toY = (y: number) => bottom - ((y - low) / (high - low)) * (bottom - MARGIN.top);
  const nearest = (y: number) => {
    const found = lines.map((line) => ({ line, value: valueAt(line.points, at ?? iterations) }))
      .filter(({ value }) => value !== null)
      .map(({ line, value }) => ({ line, distance: Math.abs(toY(value!) - y) }))
      .filter(({ distance }) => distance <= REACH)
      .sort((a, b) => a.distance - b.distance);
    return found[0]?.line ?? null;
  };
  if (width === 0 || height === 0) return nearest;
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const style = getComputedStyle(canvas), color = (name: string) => style.getPropertyValue(name);
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  // Larger on a wall, as all text is.
  const letters = `${Math.max(12, 0.75 * rootSize())}px ${style.fontFamily}`;
  context.font = letters;
  context.lineWidth = 1;
  context.fillStyle = color("--muted");
  context.strokeStyle = color("--line");
  context.textAlign = "right";
  context.textBaseline = "middle";
  const vertical = (x: number) => {
    context.beginPath();
    context.moveTo(x, MARGIN.top);
    context.lineTo(x, bottom);
    context.stroke();
  };
  for (const value of ticks(low, high, 4)) {
    const y = Math.round(toY(value)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, y);
    context.lineTo(right, y);
    context.stroke();
    context.fillText(plot.tick(value), MARGIN.left - 8, y);
  }
  context.textBaseline = "top";
  // Before the first word of a training, how long it is is not known.
  for (const value of iterations > 1 ? ticks(0, iterations, width < 400 ? 3 : 5) : []) {
    const x = toX(value);
    context.textAlign = value === 0 ? "left" : x > right - 20 ? "right" : "center";
    context.fillText(value.toLocaleString("en"), x, bottom + 8);
  }
  context.textAlign = "center";
  context.fillText("iterations of training", (MARGIN.left + right) / 2, bottom + 26);
  context.strokeStyle = color("--line-strong");
  if (at !== null) vertical(Math.round(toX(at)) + 0.5);

  context.save();
  context.beginPath();
  context.rect(MARGIN.left - 4, 0, right - MARGIN.left + 8, bottom + 1);
  context.clip();
  context.lineJoin = context.lineCap = "round";
  const dot = (x: number, y: number, radius: number) => {
    context.beginPath();
    context.arc(toX(x), toY(y), radius, 0, 2 * Math.PI);
    context.fill();
  };
  const inOrder = ORDER.flatMap((role) => lines.filter((line) => line.role === role));
  inOrder.sort((a, b) => Number(isChosen(a, plot.level)) - Number(isChosen(b, plot.level)));
  for (const line of inOrder) {
    const { points, role } = line, chosen = isChosen(line, plot.level);
    context.strokeStyle = context.fillStyle = lineColor(line, lines);
    context.lineWidth = chosen ? 3 : role === "earlier" ? 1.25 : 1.75;
    context.beginPath();
    points.forEach(([x, y], i) =>
      i === 0 ? context.moveTo(toX(x), toY(y)) : context.lineTo(toX(x), toY(y))
    );
    context.stroke();
    if (plot.marksStart && points[0]?.[0] === 0) dot(...points[0], chosen ? 4 : 2.5);
    const last = points.at(-1), value = at === null ? null : valueAt(points, at);
    if (role === "current" && last && at === null) dot(...last, 4);
    if (value !== null) dot(at!, value, chosen ? 4.5 : 3);
  }
  context.restore();

  // Each line's name at its end; of many lines, those that find room.
  const most = Math.floor((bottom - MARGIN.top) / NAME_GAP);
  const named = inOrder.filter(({ points }) => points.length > 0).reverse().slice(0, most);
  const places = spread(
    named.map(({ points }) => toY(points.at(-1)![1])),
    NAME_GAP,
    MARGIN.top,
    bottom,
  );
  context.textAlign = "left";
  context.textBaseline = "middle";
  named.forEach((line, i) => {
    context.font = `${isChosen(line, plot.level) ? "700 " : ""}${letters}`;
    context.fillStyle = lineColor(line, lines);
    const end = Math.min(right, toX(line.points.at(-1)![0]));
    context.fillText(shortName(line), end + 8, places[i]);
  });
  return nearest;
}
