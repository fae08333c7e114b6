/**
 * Masks of random sparsity (the paper's appendix): as many live weights in each layer as given, or
 * as given masks have, at random places.
 */

import { RandomStream } from "../../engine/random.ts";
import type { Key } from "../../engine/random.ts";
import type { Masks } from "../../models/masks.ts";
import { type GivenNetwork, toMask, toNetwork } from "../../models/network.ts";
import { type Parameter, prunableOf } from "../../models/parameters.ts";

/**
 * Shuffles each mask within its layer.
 *
 * ```ts
 * import { density, shuffleMasks } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const masks = { layer0: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 0) } };
 * const shuffled = shuffleMasks(masks, () => [1, 2]);
 * assertEquals(density(shuffled).layers.layer0.live, 1);
 * ```
 *
 * @param keyFor returns the key of a layer's random numbers, from its name
 * @throws InputError naming the mask that cannot be used
 */
export function shuffleMasks(masks: GivenNetwork, keyFor: (layer: string) => Key): Masks {
  return Object.fromEntries(
    Object.entries(toNetwork(masks, toMask, "mask")).map(([name, { shape, data }]) => {
      const shuffled = data.slice(), stream = new RandomStream(keyFor(name));
      // Fisher and Yates.
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = stream.integerBelow(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
      }
      return [name, { shape: [...shape], data: shuffled }];
    }),
  );
}

/**
 * Masks with so many live weights in each layer.
 *
 * @param live   by layer name, at most as many as there are
 * @param keyFor as for `shuffleMasks`
 */
export function randomMasks(
  parameters: readonly Parameter[],
  live: Readonly<Record<string, number>>,
  keyFor: (layer: string) => Key,
): Masks {
  const first = prunableOf(parameters).map(({ name, shape, rows, columns }) => [
    name,
    { shape, data: new Float32Array(rows * columns).fill(1, 0, live[name]) },
  ]);
  return shuffleMasks(Object.fromEntries(first), keyFor);
}
