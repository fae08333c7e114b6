/**
 * Compares arrays of numbers as `numpy.testing.assert_allclose` does: |actual - expected| ≤
 * atol + rtol·|expected|, for every element.
 */
import { AssertionError } from "@std/assert";

export interface Tolerance {
  /** Allowed error as a fraction of the expected value; 1e-4. */
  rtol?: number;
  /** Allowed error besides; 1e-5. */
  atol?: number;
  /** The name of the values, for the message. */
  what?: string;
}

/**
 * Throws unless the arrays agree; names the worst element. A value that is not finite never agrees.
 */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-4, atol = 1e-5, what = "values" }: Tolerance = {},
): void {
  if (actual.length !== expected.length) {
    throw new AssertionError(
      `${what}: ${actual.length} values where ${expected.length} are expected`,
    );
  }
  let worst = -1, worstExcess = 0, wrong = 0;
  for (let i = 0; i < actual.length; i++) {
    const allowed = atol + rtol * Math.abs(expected[i]);
    const difference = Math.abs(actual[i] - expected[i]);
    const finite = Number.isFinite(actual[i]) && Number.isFinite(expected[i]);
    if (finite && difference <= allowed) continue;
    wrong++;
    const excess = finite ? difference / allowed : Infinity;
    if (excess > worstExcess) [worst, worstExcess] = [i, excess];
  }
  if (worst === -1) return;
  throw new AssertionError(
    `${what}: ${wrong} of ${actual.length} differ, worst at index ${worst}: ` +
      `${actual[worst]} where ${expected[worst]} is expected (rtol ${rtol}, atol ${atol})`,
  );
}
