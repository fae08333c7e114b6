/**
 * The oracle of rules that change masks: one weight at a time, by searching all of them again and
 * again, so that ties and counts are plain to see.
 */

/** The live, or dead, weight with the smallest score, the first of equals. */
function first(mask: number[], live: 0 | 1, score: (i: number) => number, but: Set<number>) {
  let found = -1;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== live || but.has(i)) continue;
    if (found < 0 || score(i) < score(found)) found = i;
  }
  return found;
}

/** The mask of which the smallest weights have gone until `count` are left. */
export function prunedTo(mask: number[], weights: ArrayLike<number>, count: number): number[] {
  const left = mask.slice();
  const live = () => left.reduce((a, b) => a + b, 0);
  while (live() > count) left[first(left, 1, (i) => Math.abs(weights[i]), new Set())] = 0;
  return left;
}

/** RigL's mask: `count` of the smallest weights gone, as many of the largest gradients come. */
export function regrown(
  mask: number[],
  weights: ArrayLike<number>,
  gradient: ArrayLike<number>,
  count: number,
): { mask: number[]; fresh: Set<number> } {
  const live = mask.reduce((a, b) => a + b, 0), grown = new Set<number>();
  const kept = prunedTo(mask, weights, live - count);
  for (let n = 0; n < count; n++) {
    grown.add(first(kept, 0, (i) => -Math.abs(gradient[i]), grown));
  }
  return { mask: kept.map((m, i) => grown.has(i) ? 1 : m), fresh: grown };
}
