/**
 * Percentages and points as people read them: small values keep a digit, large ones stay below 100.
 */

/** Most digits that a number is written with. */
const MOST_DIGITS = 12;

/** Digits after the point, more than `digits` where a value that is not 0 would be written as 0. */
function digitsFor(value: number, digits: number): number {
  const size = Math.abs(value);
  if (size < 1e-9 || size >= 10 ** -digits) return digits;
  return Math.min(MOST_DIGITS, Math.ceil(-Math.log10(size)));
}

/** A number with `digits` digits after the point, or more where it would be written as 0. */
export function numberText(value: number, digits: number): string {
  return value.toFixed(digitsFor(value, digits));
}

/** "12.35%", "0.03%", "99.9996%"; a dash for what is not known. */
export function percentText(percent: number | null | undefined, digits = 2): string {
  if (percent === null || percent === undefined || !Number.isFinite(percent)) return "–";
  const nearest = Math.abs(percent) < Math.abs(100 - percent) ? percent : 100 - percent;
  return `${percent.toFixed(digitsFor(nearest, digits))}%`;
}

/** The same of a fraction, from 0 to 1. */
export function fractionText(fraction: number | null | undefined, digits = 2): string {
  return percentText(fraction === null || fraction === undefined ? null : 100 * fraction, digits);
}

/** A probability in tenths of a percent; "<0.1%" and ">99.9%" of what is not quite none or all. */
export function probabilityText(probability: number): string {
  if (probability > 0 && probability < 0.001) return "<0.1%";
  if (probability < 1 && probability > 0.999) return ">99.9%";
  return fractionText(probability, 1);
}

/** A difference of two fractions in words: "0.40 points above", "level with". */
export function pointsText(difference: number): string {
  const size = Math.abs(100 * difference);
  if (size < 1e-9) return "level with";
  return `${numberText(size, 2)} points ${difference > 0 ? "above" : "below"}`;
}
