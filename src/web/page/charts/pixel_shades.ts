/**
 * The colours of pixel maps: how far each pixel is from the mean pixel of its map, on one scale for
 * all maps, in the report's direction (bright: many). Touches no document.
 */

import { DENSITY_COLORS } from "../../../analysis/palette.ts";

/** Viridis from few to many: the report's colours, and the yellow end. */
const STOPS = [...DENSITY_COLORS, "#FDE725"].map((hex) =>
  [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
);

/** How far each pixel's live weights are from the mean pixel's, as a share of that; 0 of none. */
export function deviations(live: ArrayLike<number>): number[] {
  const counts = Array.from(live), mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  return counts.map((n) => mean === 0 ? 0 : n / mean - 1);
}

/** The deviation that only one pixel in fifty exceeds, over all maps; at least a tenth. */
export function scaleOf(maps: readonly ArrayLike<number>[]): number {
  const sizes = maps.flatMap((live) => deviations(live).map(Math.abs)).sort((a, b) => a - b);
  return Math.max(0.1, sizes[Math.floor(0.98 * (sizes.length - 1))] ?? 0);
}

/** The colour of a deviation: the middle one of the mean. */
export function shade(deviation: number, scale: number): number[] {
  const share = 0.5 + 0.5 * Math.max(-1, Math.min(1, deviation / scale));
  const at = share * (STOPS.length - 1), below = Math.min(STOPS.length - 2, Math.floor(at));
  return STOPS[below].map((from, c) => from + (at - below) * (STOPS[below + 1][c] - from));
}
