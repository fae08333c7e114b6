/**
 * The colours of kernels as small images: blue for positive and vermillion for negative weights of
 * grey images, red, green and blue as they are of coloured ones. Touches no document.
 */

import type { FirstKernels } from "../../messages.ts";

/** Red, green, blue from 0 to 255. */
export type Rgb = readonly [number, number, number];

/** The colours of a weight of 0, of a large one, and of a large negative one. */
export interface KernelColors {
  zero: Rgb;
  positive: Rgb;
  negative: Rgb;
}

/** What is left at a position of a kernel. */
export interface KernelCell {
  color: Rgb;
  /** Share of its weights, one for each channel, that are live. */
  live: number;
}

/** Filters of a picture's row: as nearly square as 20 filters of 5×5 can be. */
export function columnsOf(filters: number): number {
  return Math.ceil(Math.sqrt(filters));
}

/** The size that nearly all of the weights stay below: what is larger is drawn as if it had it. */
export function scaleOf(arrays: readonly Float32Array[]): number {
  const sizes = arrays.flatMap((array) => Array.from(array, Math.abs)).sort((a, b) => a - b);
  return sizes[Math.floor(0.98 * (sizes.length - 1))] || 1;
}

/** Whether kernels can be drawn: of grey images or of red, green and blue ones. */
export const isDrawable = ({ channels }: FirstKernels): boolean => channels === 1 || channels === 3;

/**
 * What is left at each position of each filter, (filters, height, width) row by row; null where all
 * its weights are pruned.
 *
 * @param values (height, width, channels, filters)
 * @param scale  the weight of the full colour
 */
export function kernelCells(
  { height, width, channels, filters, mask }: FirstKernels,
  values: Float32Array,
  scale: number,
  colors: KernelColors,
): (KernelCell | null)[] {
  const cells: (KernelCell | null)[] = [];
  for (let filter = 0; filter < filters; filter++) {
    for (let place = 0; place < height * width; place++) {
      const at = (channel: number) => (place * channels + channel) * filters + filter;
      const weights = Array.from({ length: channels }, (_, channel) => ({
        isLive: mask[at(channel)] !== 0,
        share: Math.max(-1, Math.min(1, values[at(channel)] / scale)),
      }));
      const live = weights.filter(({ isLive }) => isLive).length / channels;
      const part = (channel: number) =>
        weights[channel].isLive ? 127.5 + 127.5 * weights[channel].share : 127.5;
      const color = channels === 1
        ? diverging(weights[0].share, colors)
        : [part(0), part(1), part(2)] as const;
      cells.push(live === 0 ? null : { color, live });
    }
  }
  return cells;
}

function diverging(share: number, { zero, positive, negative }: KernelColors): Rgb {
  const end = share < 0 ? negative : positive, part = Math.abs(share);
  const mix = (i: number) => zero[i] + part * (end[i] - zero[i]);
  return [mix(0), mix(1), mix(2)];
}
