/**
 * Set operations on masks, per layer and weight: a weight of a union lives if it lives in any of the
 * masks, one of an intersection if it lives in all of them.
 */
import { InputError } from "../errors.ts";
import type { Masks } from "./masks.ts";
import { checkBinary, formatShape, sameShape } from "./network.ts";

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
 * @throws InputError if none is given, or if they differ in layers or shapes
 */
export function union(...masks: Masks[]): Masks {
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
 * @throws InputError if none is given, or if they differ in layers or shapes
 */
export function intersect(...masks: Masks[]): Masks {
  return combine("intersection", Math.min, masks);
}

function combine(what: string, operation: (a: number, b: number) => number, masks: Masks[]): Masks {
  if (masks.length === 0) {
    throw new InputError(`the ${what} of no masks has no shape: give at least one`);
  }
  const names = Object.keys(masks[0]).sort();
  masks.forEach((other, i) => {
    const others = Object.keys(other).sort();
    if (names.join("\n") !== others.join("\n")) {
      throw new InputError(
        `masks 1 and ${i + 1} of the ${what} are of different layers: ` +
          `${names.join(", ") || "none"} and ${others.join(", ") || "none"}`,
      );
    }
  });
  return Object.fromEntries(names.map((name) => {
    const { shape, data } = masks[0][name];
    const result = data.slice();
    masks.forEach((other, i) => {
      const tensor = other[name];
      if (!sameShape(shape, tensor.shape)) {
        throw new InputError(
          `masks 1 and ${i + 1} of the ${what} differ in the shape of ${name}: ` +
            `${formatShape(shape)} and ${formatShape(tensor.shape)}`,
        );
      }
      checkBinary(tensor, `mask ${i + 1} of the ${what}, ${name},`);
      tensor.data.forEach((value, w) => result[w] = operation(result[w], value) + 0); // never -0
    });
    return [name, { shape: [...shape], data: result }];
  }));
}
