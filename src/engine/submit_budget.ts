/**
 * How long one submit may keep a GPU busy. A GPU takes the work of others, the screen's first of all,
 * between two submits and seldom within one: what is submitted at once holds up all else.
 *
 * Submits of a burst are queued at once all the same, and the host waits for none of them: the
 * browser's compositor and the desktop's draw from contexts of their own, whose work the operating
 * system's scheduler puts between two of our submits, ahead of those that wait.
 */

import { isInBrowser } from "./environment.ts";

/**
 * In a browser: less than a frame of 16.7 ms at 60 Hz, so that a page is drawn while it trains.
 */
export const BROWSER_MILLISECONDS = 12;

/**
 * Elsewhere: a desktop behind it is drawn ten times a second at the worst, and a kernel that takes
 * ten times as long as was expected stays below the 2 s after which Windows resets the driver (TDR)
 * and the 10 s of Chrome's GPU watchdog. A submit costs some 0.1 ms, one part in a thousand.
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
