/**
 * The oracle of magnitude pruning, by sorting: returns the next mask of a layer's weights and mask.
 */

/**
 * Prunes round(percent · live) of the live weights with the smallest magnitude, ties by lowest
 * index. At least one weight stays unless percent is 1 or none was live.
 *
 * @param weights final weights of the layer, any shape flattened
 * @param mask    0/1 for each weight; left as it is
 * @param percent fraction of the live weights, 0 to 1
 */
export function pruneByPercentOracle<T extends Float32Array | Float64Array>(
  weights: ArrayLike<number>,
  mask: T,
  percent: number,
): T {
  const live: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) live.push(i);
  live.sort((a, b) => Math.abs(weights[a]) - Math.abs(weights[b]) || a - b);
  const asked = Math.round(percent * live.length);
  const count = percent === 1 ? live.length : Math.min(asked, Math.max(live.length - 1, 0));
  const next = mask.slice() as T;
  for (const i of live.slice(0, count)) next[i] = 0;
  return next;
}
