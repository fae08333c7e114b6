/**
 * Mean and standard deviation of each channel of a set of examples: what "standardize" subtracts
 * and divides by, whatever set it is applied to.
 */

import { InputError } from "../../errors.ts";
import type { ExampleArrays } from "./example_arrays.ts";

/** Of the values that kernels read: a byte's v/255, or floats as they are. */
export interface ChannelStatistics {
  /** (channels) */
  means: number[];
  /** (channels) of the population; 1 where a channel is constant, which becomes 0. */
  deviations: number[];
}

/**
 * The statistics of a training pool, in 64-bit floats. The values of an example are those of its
 * pixels, channels last.
 *
 * @throws InputError if the values of an example are not those of whole pixels, or there is none
 */
export function channelStatistics(
  { inputs, count, features }: Pick<ExampleArrays, "inputs" | "count" | "features">,
  channels = 1,
): ChannelStatistics {
  if (!Number.isSafeInteger(channels) || channels < 1 || features % channels !== 0) {
    throw new InputError(
      `${features} values of an example are not pixels of ${channels} channels; give the number ` +
        "of channels, which are last",
    );
  }
  const size = count * features / channels;
  if (!(size >= 1)) {
    throw new InputError(
      `${count} examples of ${features} values have no mean: give at least one example`,
    );
  }
  const all = Array.from(
    { length: channels },
    (_, c) =>
      inputs instanceof Uint8Array
        ? ofBytes(inputs, c, channels, size)
        : ofFloats(inputs, c, channels, size),
  );
  return {
    means: all.map(({ mean }) => mean),
    // A deviation whose inverse is no 32-bit float is none.
    deviations: all.map(({ deviation: d }) => Math.fround(1 / d) < Infinity ? d : 1),
  };
}

interface Moments {
  mean: number;
  deviation: number;
}

/** Of v/255: sums of whole numbers, which are exact. */
function ofBytes(bytes: Uint8Array, channel: number, channels: number, size: number): Moments {
  const counts = new Float64Array(256);
  for (let i = channel; i < bytes.length; i += channels) counts[bytes[i]]++;
  let sum = 0;
  counts.forEach((n, v) => sum += n * v);
  const mean = sum / size;
  let squares = 0;
  counts.forEach((n, v) => squares += n * (v - mean) ** 2);
  return { mean: mean / 255, deviation: Math.sqrt(squares / size) / 255 };
}

function ofFloats(values: Float32Array, channel: number, channels: number, size: number): Moments {
  let sum = 0;
  for (let i = channel; i < values.length; i += channels) sum += values[i];
  const mean = sum / size;
  let squares = 0;
  for (let i = channel; i < values.length; i += channels) squares += (values[i] - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / size) };
}
