/**
 * Fuzzing of decoders: random bytes, and valid files with bytes changed, inserted or cut off. A decoder
 * must give a value or a `FormatError`, quickly.
 */

import { assert } from "@std/assert";
import fc from "fast-check";
import { FormatError } from "../../src/errors.ts";

/** Far beyond what any of these small inputs takes, and far below a hang. */
const SLOW_MS = 2000;

/** Random bytes, and damaged copies of `valid`. */
function damaged(valid: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    with: fc.uint8Array({ maxLength: 4 }),
    dropped: fc.integer({ min: 0, max: 4 }),
  });
  const mutated = fc.tuple(
    fc.constantFrom(...valid),
    fc.array(change, { minLength: 1, maxLength: 4 }),
  )
    .map(([bytes, changes]) => {
      let result = [...bytes];
      for (const { at, with: inserted, dropped } of changes) {
        const start = Math.floor(at * (result.length + 1));
        result = [...result.slice(0, start), ...inserted, ...result.slice(start + dropped)];
      }
      return Uint8Array.from(result);
    });
  const cut = fc.tuple(fc.constantFrom(...valid), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([bytes, part]) => bytes.slice(0, Math.floor(part * bytes.length)));
  return fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated, cut);
}

/** Fails unless `decode` gives a value or a `FormatError` for every damaged input. */
export async function fuzzDecoder(
  decode: (bytes: Uint8Array) => unknown,
  valid: Uint8Array[],
  numRuns = 2000,
): Promise<void> {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(damaged(valid), async (bytes) => {
      const start = performance.now();
      try {
        await decode(bytes);
      } catch (error) {
        assert(error instanceof FormatError, `not a FormatError: ${error}`);
        assert(!error.message.includes("\n"), "an error message is one line");
        refused++;
      }
      assert(performance.now() - start < SLOW_MS, "decoding took too long");
    }),
    { seed: 1, numRuns },
  );
  assert(refused > numRuns / 2, `only ${refused} of ${numRuns} damaged inputs were refused`);
}
