/**
 * Where the live weights of a convolution are: by position of the kernel, by input channel and by
 * filter.
 */

import { InputError } from "../errors.ts";
import type { Masks } from "../models/masks.ts";
import { type GivenTensor, toMask } from "../models/network.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";
import type { TicketArrays } from "./ticket_anatomy.ts";

/** Live weights of a convolution. */
export interface KernelCounts {
  /** (height · width) at each position of the kernel, row by row. */
  positions: Uint32Array<ArrayBuffer>;
  /** (channels) that read each input channel. */
  channels: Uint32Array<ArrayBuffer>;
  /** (filters) of each filter. */
  filters: Uint32Array<ArrayBuffer>;
}

/**
 * Counts the live weights of a convolution.
 *
 * @param mask (height, width, channels, filters) of 0 and 1
 * @throws InputError if it is no mask of a convolution
 */
export function kernelCounts(mask: GivenTensor): KernelCounts {
  const { shape, data } = toMask(mask, "mask");
  if (shape.length !== 4) {
    throw new InputError(
      `mask has ${shape.length} axes: give one of (height, width, channels, filters)`,
    );
  }
  const [height, width, channels, filters] = shape;
  const counts: KernelCounts = {
    positions: new Uint32Array(height * width),
    channels: new Uint32Array(channels),
    filters: new Uint32Array(filters),
  };
  for (let at = 0, i = 0; at < height * width; at++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let filter = 0; filter < filters; filter++, i++) {
        if (data[i] === 0) continue;
        counts.positions[at]++;
        counts.channels[channel]++;
        counts.filters[filter]++;
      }
    }
  }
  return counts;
}

/** A convolution of a ticket. */
export interface KernelRow {
  trial: string;
  level: number;
  /** Weights remaining of the ticket. */
  percent: number;
  layer: string;
  height: number;
  width: number;
  /** Live weights at each position of the kernel, in percent of those that could be there. */
  positions: readonly number[];
  /** Live weights of each filter, of `ofFilter`. */
  filters: readonly number[];
  ofFilter: number;
  /** Filters without a live weight: they give their bias alone, whatever the image. */
  deadFilters: number;
  /** Filters whose outputs no live weight of the layer above reads; null of the last layer. */
  unreadFilters: number | null;
  /** Live weights of each input channel, of `ofChannel`. */
  channels: readonly number[];
  ofChannel: number;
}

/**
 * The convolutions of a ticket, in their order.
 *
 * @throws InputError if arrays do not fit the layers
 */
export function kernelRows(
  { trial, level, percent, masks }: Pick<TicketArrays, "trial" | "level" | "percent" | "masks">,
  parameters: readonly Parameter[],
): KernelRow[] {
  const weights = prunableOf(parameters);
  return weights.flatMap(({ name, shape }, l) => {
    if (shape.length !== 4) return [];
    const [height, width, inputs, outputs] = shape;
    const { positions, channels, filters } = kernelCounts(masks[name]);
    return [{
      ...{ trial, level, percent, layer: name, height, width },
      positions: Array.from(positions, (live) => 100 * live / (inputs * outputs)),
      filters: [...filters],
      ofFilter: height * width * inputs,
      deadFilters: filters.filter((live) => live === 0).length,
      unreadFilters: l + 1 < weights.length ? unread(masks, weights[l + 1], outputs) : null,
      channels: [...channels],
      ofChannel: height * width * outputs,
    }];
  });
}

/**
 * Filters that nothing reads. Channels come last, so a row of the matrix above belongs to the
 * filter that is its number modulo the filters, whether it is a convolution or a dense layer.
 */
function unread(masks: Masks, { name, rows, columns }: Parameter, filters: number): number {
  const isRead = new Uint8Array(filters), { data } = masks[name];
  for (let row = 0, i = 0; row < rows; row++) {
    for (const end = i + columns; i < end; i++) if (data[i] !== 0) isRead[row % filters] = 1;
  }
  return isRead.filter((bit) => bit === 0).length;
}
