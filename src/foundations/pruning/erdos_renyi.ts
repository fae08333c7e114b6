/** Densities by layer as in a random graph of Erdős and Rényi (SET: Mocanu et al. 2018). */

import { InputError } from "../../errors.ts";

/**
 * How many weights live in each layer: of a layer of shape (inputs, units) a fraction in proportion
 * to (inputs + units) / (inputs · units), and of a kernel to the sum of its axes by their product
 * (Evci et al. 2020). So wide layers become the sparsest. No layer has more than all of its
 * weights, nor less than one; what that leaves over is shared by the others.
 *
 * ```ts
 * import { erdosRenyiCounts } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const shapes = { layer0: [784, 300], layer1: [300, 100], layer2: [100, 10] };
 * const counts = erdosRenyiCounts(shapes, 5000);
 * assertEquals(counts, { layer0: 3400, layer1: 1255, layer2: 345 });
 * ```
 *
 * @param shapes    of each layer's weights
 * @param totalLive live weights of all layers together
 * @returns whole numbers whose sum is `totalLive`
 * @throws InputError for a shape without weights, and if `totalLive` is no whole number from that
 *   of the layers to that of all weights
 */
export function erdosRenyiCounts(
  shapes: Readonly<Record<string, readonly number[]>>,
  totalLive: number,
): Record<string, number> {
  const layers = Object.entries(shapes).map(([name, shape]) => ({
    name,
    size: shape.reduce((a, b) => a * b, 1),
    share: shape.reduce((a, b) => a + b, 0),
  }));
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const odd = Object.entries(shapes)
    .find(([, shape]) => !shape.every((size) => Number.isSafeInteger(size) && size >= 1));
  if (odd) {
    throw new InputError(
      `${odd[0]} has the shape (${odd[1].join(", ")}): give the sizes of its axes, from 1 on`,
    );
  }
  if (!Number.isInteger(totalLive) || totalLive < layers.length || totalLive > total) {
    throw new InputError(
      `${totalLive} live weights cannot be shared by ${layers.length} layers of ${total}: give a ` +
        `whole number from ${layers.length} to ${total}`,
    );
  }
  const exact = (scale: number) =>
    layers.map(({ size, share }) => Math.min(size, Math.max(1, scale * share)));
  const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  // The sum grows with the scale; halved often enough, the interval is a single float.
  let low = 0, high = 1;
  while (sumOf(exact(high)) < totalLive) high *= 2;
  for (let middle = high / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (sumOf(exact(middle)) < totalLive) low = middle;
    else high = middle;
  }
  // The largest remainders are rounded up, those of equals of the first layers.
  const wanted = exact(high), counts = wanted.map(Math.floor);
  const byRemainder = layers.map((_, i) => i)
    .sort((a, b) => (wanted[b] - counts[b]) - (wanted[a] - counts[a]) || a - b);
  for (const i of byRemainder.slice(0, totalLive - sumOf(counts))) counts[i]++;
  return Object.fromEntries(layers.map(({ name }, i) => [name, counts[i]]));
}
