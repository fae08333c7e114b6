/** Standardization by channel in f64, from its definition. */

/**
 * Values, channels last, less the mean of their channel over `pool`, divided by its population
 * standard deviation; a constant channel is only shifted.
 */
export function standardized(
  values: ArrayLike<number>,
  pool: ArrayLike<number>,
  channels: number,
): Float64Array<ArrayBuffer> {
  const moments = Array.from({ length: channels }, (_, c) => {
    const all = Float64Array.from(pool).filter((_, i) => i % channels === c);
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    const variance = all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length;
    return { mean, deviation: Math.sqrt(variance) || 1 };
  });
  return Float64Array.from(values, (value, i) => {
    const { mean, deviation } = moments[i % channels];
    return (value - mean) / deviation;
  });
}
