/**
 * Set operations on masks, per layer and weight: a weight of a union lives if it lives in any of
 * the masks, one of an intersection if it lives in all of them. Of a layer, only the masks count
 * that have it, as in the original.
 */
import { InputError } from "../errors.ts";
import type { Masks } from "../models/masks.ts";
import { formatShape, type GivenNetwork, sameShape, toMask, toNetwork } from "../models/network.ts";

/**
 * The weights that live in at least one of the masks.
 *
 * ```ts
 * import { union } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const a = { layer0: { shape: [1, 3], data: Float32Array.of(1, 0, 0) } };
 * const b = { layer0: { shape: [1, 3], data: Float32Array.of(1, 0, 1) } };
 * assertEquals([...union(a, b).layer0.data], [1, 0, 1]);
 * ```
 *
 * @returns a mask of each layer that one of them has; nothing for nothing
 * @throws InputError if they differ in the shape of a layer, or one cannot be used
 */
export function union(...masks: GivenNetwork[]): Masks {
  return combine("union", Math.max, masks);
}

/**
 * The weights that live in every one of the masks.
 *
 * ```ts
 * import { intersect } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const a = { layer0: { shape: [1, 3], data: Float32Array.of(1, 0, 1) } };
 * const b = { layer0: { shape: [1, 3], data: Float32Array.of(1, 1, 0) } };
 * assertEquals([...intersect(a, b).layer0.data], [1, 0, 0]);
 * ```
 *
 * @returns a mask of each layer that one of them has; nothing for nothing
 * @throws InputError if they differ in the shape of a layer, or one cannot be used
 */
export function intersect(...masks: GivenNetwork[]): Masks {
  return combine("intersection", Math.min, masks);
}

function combine(
  what: string,
  operation: (a: number, b: number) => number,
  masks: GivenNetwork[],
): Masks {
  const result: Masks = {};
  const first: Record<string, number> = {};
  masks.forEach((given, i) => {
    const where = `${what}, mask ${i + 1}`;
    for (const [name, { shape, data }] of Object.entries(toNetwork(given, toMask, where))) {
      if (!Object.hasOwn(result, name)) {
        result[name] = { shape: [...shape], data: data.map((value) => value + 0) }; // never -0
        first[name] = i + 1;
        continue;
      }
      const { shape: expected, data: into } = result[name];
      if (!sameShape(expected, shape)) {
        throw new InputError(
          `masks ${first[name]} and ${i + 1} of the ${what} differ in the shape of ${name}: ` +
            `${formatShape(expected)} and ${formatShape(shape)}; give masks of one network`,
        );
      }
      data.forEach((value, w) => into[w] = operation(into[w], value) + 0);
    }
  });
  return Object.fromEntries(Object.keys(result).sort().map((name) => [name, result[name]]));
}
