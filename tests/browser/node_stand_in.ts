/**
 * The parts that `src/std/assert.ts` uses of `node:assert` and `node:util`, for tests that run in a
 * browser. Takes values, says whether they are deeply equal and shows them.
 */

/** Thrown by `deepStrictEqual`. */
export class AssertionError extends Error {}

/** A value on one line. */
export function inspect(value: unknown): string {
  if (ArrayBuffer.isView(value)) {
    const numbers = Array.from(value as unknown as ArrayLike<number>);
    return `${value.constructor.name}(${numbers.length}) [${numbers.slice(0, 20).join(", ")}]`;
  }
  return (JSON.stringify(value) ?? String(value)).slice(0, 2000);
}

/** Deeply equal, types and prototypes included. */
export function isDeepStrictEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map && b instanceof Map) return isDeepStrictEqual([...a], [...b]);
  if (a instanceof Set && b instanceof Set) {
    return a.size === b.size && [...a].every((value) => b.has(value));
  }
  if (a instanceof Error && b instanceof Error && a.message !== b.message) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) =>
      Object.hasOwn(b, name) &&
      isDeepStrictEqual((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])
    );
}

function deepStrictEqual(a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(a, b)) throw new AssertionError(`${inspect(a)} and ${inspect(b)}`);
}

export default { deepStrictEqual };
