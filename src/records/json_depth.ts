/** Guards against JSON that is nested too deep for recursive code. */

/** Deeper than anything that this program writes, far from what a stack holds. */
const MAX_DEPTH = 32;

/** Whether a JSON value is nested at most 32 deep. */
export function isShallow(value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1));
}
