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

/** "pixel 266 → hidden unit 87 of layer 1", "hidden unit 5 → output 3". */
export function connectionWords(sample: NetworkSample, connection: number): string {
  const { layers, places, hasOutput } = sample;
  let i = connection;
  for (const [l, { rows, columns }] of layers.entries()) {
    const size = rows.length * columns.length;
    if (i >= size) {
      i -= size;
      continue;
    }
    const row = rows[Math.floor(i / columns.length)] + 1, column = columns[i % columns.length];
    const from = l > 0 ? "hidden unit" : places ? "pixel" : "input";
    const isOutput = hasOutput && l === layers.length - 1;
    const to = isOutput ? `output ${column}` : `hidden unit ${column + 1} of layer ${l + 1}`;
    return `${from} ${row} → ${to}`;
  }
  throw new Error(`the sample has no connection ${connection}`);
}

/** A value as it is read: three digits after the point, and a true minus. */
export function valueText(value: number): string {
  return value.toFixed(3).replace("-", "−");
}
