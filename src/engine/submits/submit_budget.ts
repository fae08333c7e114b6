/**
 * How long one submit may keep a GPU busy. A GPU takes the work of others, the screen's first of all,
 * between two submits and seldom within one: what is submitted at once holds up all else.
 *
 * Submits of a burst are queued at once all the same, and the host waits for none of them: the
 * browser's compositor and the desktop's draw from contexts of their own, whose work the operating
 * system's scheduler puts between two of our submits, ahead of those that wait. So the queue never
 * runs dry, and is never further ahead than two bursts.
 *
 * A kernel cannot be cut: one that takes longer than the budget has a submit for itself.
 *
 * Measured with tests/browser/time_submits.ts (LeNet-300-100, SGD, batch 60) on two shared cores of
 * an AMD EPYC, 30 November 2026, while about seven other processes ran, which hold up many a
 * submit: time of an iteration over that with one submit a burst, median of 41 bursts by turns on
 * one program (8 networks: 15 and 11), and milliseconds of submits after the first ten.
 *
 *   adapter      networks  budget  wall   processor  middle submit
 *   llvmpipe         1       12    1.00     1.00         9.6
 *   llvmpipe         1      100    1.05     1.00          63
 *   llvmpipe         8       12    0.98     1.00         7.9
 *   llvmpipe         8      100    0.94     1.00         7.5
 *   llvmpipe       139       12    1.31     0.98          52    (all that fit; two bursts)
 *   SwiftShader      1       12    1.03       -          6.9
 *   SwiftShader      8       12    1.03       -           13
 *
 * With about four other processes, SwiftShader with one network: 8.8 ms in the middle, 12.5 ms for
 * 95 of 100, 33 ms the longest, where a kernel alone was seen to take 44. So it is not shown that
 * the longest is within the budget on an idle machine. Of the 139 networks it was one kernel, of
 * 2.5 s. That a compositor's work comes between is how schedulers are documented, not measured.
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
