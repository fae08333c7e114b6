/** What a line chart computes: fewer points, ticks, values between points, room for labels. */

import { percentText } from "../../../analysis/percent.ts";

/** A point: iteration, and loss or accuracy. */
export type Point = readonly [x: number, y: number];

/** One line. */
export interface Line {
  points: readonly Point[];
  /** How it is drawn: earlier levels recede. */
  role: "current" | "earlier" | "full" | "reinit";
  level: number;
  /** Weights remaining in percent; null where that is not known yet. */
  percent: number | null;
}

/** More points than a canvas has columns would be drawn for nothing. */
const MAX_POINTS = 400;

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

/** The iterations at which any of some lines was measured, ascending; never none. */
export function measuredAt(lines: readonly Pick<Line, "points">[]): number[] {
  const all = new Set(lines.flatMap(({ points }) => points.map(([x]) => x)));
  return all.size === 0 ? [0] : [...all].sort((a, b) => a - b);
}

/** A line's value at x, straight between its points; null before its first and after its last. */
export function valueAt(points: readonly Point[], x: number): number | null {
  const after = points.findIndex(([at]) => at >= x);
  if (after < 0) return null;
  const [x1, y1] = points[after];
  if (x1 === x) return y1;
  if (after === 0) return null;
  const [x0, y0] = points[after - 1];
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

/**
 * Places for labels near the wanted ones, in the same order, none nearer to another than `gap`;
 * between `top` and `bottom` where there is room.
 */
export function spread(
  wanted: readonly number[],
  gap: number,
  top: number,
  bottom: number,
): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const places = wanted.map((y) => Math.min(bottom, Math.max(top, y)));
  for (let i = 1; i < order.length; i++) {
    places[order[i]] = Math.max(places[order[i]], places[order[i - 1]] + gap);
  }
  let limit = bottom;
  for (const i of [...order].reverse()) {
    places[i] = Math.min(places[i], limit);
    limit = places[i] - gap;
  }
  return places;
}

/** How far a level is from the full network to the sparsest of `percents`, by the logarithm. */
export function sparsity(percent: number | null, percents: readonly number[]): number {
  const least = Math.min(...percents, 100);
  if (percent === null || least >= 100) return 1;
  return Math.log(100 / percent) / Math.log(100 / least);
}

/** "full", "34% left", "control": a line's name beside its value. */
export function readoutName(line: Omit<Line, "points">): string {
  const name = shortName(line);
  return name.endsWith("%") ? `${name} left` : name;
}

/** "full", "34%", "control": a line's name where there is little room. */
export function shortName({ role, percent, level }: Omit<Line, "points">): string {
  if (role === "full") return "full";
  if (role === "reinit") return "control";
  if (percent === null) return `level ${level}`;
  return percentText(percent, percent < 10 ? 1 : 0);
}
