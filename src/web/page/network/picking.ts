/** Finds the connection under a pointer, and says which it is and what became of it. */

import type { NetworkSample } from "../../weights/sample.ts";

type Point = readonly [x: number, y: number];

/** How far a point is from a line between two others. */
export function distanceToLine([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const dx = x2 - x1, dy = y2 - y1, squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / squared;
  const at = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - at * dx, y - y1 - at * dy);
}

/** The least of some distances that is at most `most`; null where none is. */
export function nearest(
  count: number,
  distance: (i: number) => number,
  most: number,
): number | null {
  let best: number | null = null, least = most;
  for (let i = 0; i < count; i++) {
    const here = distance(i);
    if (here <= least) [best, least] = [i, here];
  }
  return best;
}

/** "pixel in row 9, column 14 → unit 87". */
export function connectionWords({ layers, places }: NetworkSample, connection: number): string {
  let i = connection;
  for (const [l, { rows, columns }] of layers.entries()) {
    const size = rows.length * columns.length;
    if (i >= size) {
      i -= size;
      continue;
    }
    const row = Math.floor(i / columns.length), unit = columns[i % columns.length] + 1;
    if (l > 0) return `unit ${rows[row] + 1} → unit ${unit} of the second layer`;
    const from = places ? "pixel" : "input";
    return `${from} ${rows[row] + 1} → unit ${unit} of the first layer`;
  }
  throw new Error(`the sample has no connection ${connection}`);
}

/** A value as it is read: three digits after the point, and a true minus. */
export function valueText(value: number): string {
  return value.toFixed(3).replace("-", "−");
}
