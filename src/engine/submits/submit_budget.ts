/**
 * How long one submit may keep a GPU busy. A GPU takes the work of others, the screen's first of
 * all, between two submits and seldom within one: what is submitted at once holds up all else.
 *
 * Submits of a burst are queued at once all the same, and the host waits for none of them: the
 * browser's compositor and the desktop's draw from contexts of their own, whose work the operating
 * system's scheduler puts between two of our submits, ahead of those that wait. So the queue never
 * runs dry, and is never further ahead than two bursts.
 *
 * A kernel cannot be cut: one that takes longer than the budget has a submit for itself.
 *
 * Measured with tests/browser/time_submits.ts (LeNet-300-100, SGD, batch 60) on two shared cores of
 * an AMD EPYC with nothing else to do, 30 November 2026: time of an iteration over that with one
 * submit a burst, median of 3 to 11 bursts by turns on one program, and milliseconds of submits
 * after the first ten.
 *
 *   adapter      networks  budget  wall   processor  middle  95 of 100  longest
 *   llvmpipe         1       12    1.03     1.02       6.7       9.7        14
 *   llvmpipe         1      100    1.03     1.00        52        90        95
 *   llvmpipe         8       12    1.05     1.04       5.9       9.6        18
 *   llvmpipe         8      100    1.01     1.01       2.8        74        99
 *   llvmpipe       139      100    1.00     1.00        14       109       114   (all that fit)
 *   SwiftShader      1       12    1.02       -        3.7       8.3        25
 *   SwiftShader      8       12    1.03       -        8.6        49       119
 *
 * Submits exceed the budget for two reasons. A single kernel may take longer: up to 38 ms on
 * SwiftShader with 8 networks, 110 ms on llvmpipe with 139. And the machine may stall: a kernel of
 * one network that usually takes 1 ms once took 22. That a compositor's work comes between is how
 * schedulers are documented, not measured.
 */

import { isInBrowser } from "../environment.ts";

/**
 * In a browser: less than a frame of 16.7 ms at 60 Hz, so that a page is drawn while it trains.
 */
export const BROWSER_MILLISECONDS = 12;

/**
 * Elsewhere: a desktop behind it is drawn ten times a second at the worst, and a kernel that takes
 * ten times as long as was expected stays below the 2 s after which Windows resets the driver (TDR)
 * and the 10 s of Chrome's GPU watchdog.
 */
export const OTHER_MILLISECONDS = 100;

/**
 * The budget on an adapter; null: no limit. A software adapter shows no screen and has no watchdog:
 * the operating system divides the processor.
 */
export function submitMillisecondsOf(
  { isSoftware }: { isSoftware: boolean },
  isBrowser = isInBrowser(),
): number | null {
  if (isSoftware) return null;
  return isBrowser ? BROWSER_MILLISECONDS : OTHER_MILLISECONDS;
}
