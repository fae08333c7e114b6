/** Means over trials, with their intervals. */

import { RandomStream, seedKey } from "../engine/random.ts";
import { InputError } from "../errors.ts";

/** Fewer trials than the paper's own decide nothing: they are an example. */
export const MIN_TRIALS = 5;

/** A quantity, summarized over its trials. */
export interface Summary {
  /** How many. */
  trials: number;
  /** Their arithmetic mean. */
  mean: number;
  /** Least value: with `max`, the paper's error bars. */
  min: number;
  /** Greatest value. */
  max: number;
  /** 95% interval of the mean by the bootstrap; null with fewer than two trials. */
  interval: readonly [number, number] | null;
}

const RESAMPLES = 2000;

/**
 * Mean, range and the percentile bootstrap's 95% interval of the mean (Efron & Tibshirani 1993,
 * section 13.3), from 2,000 resamples of a fixed seed: the same values give the same interval.
 *
 * @throws InputError if there is no value, or one is not finite
 */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new InputError("there is no mean of 0 values: give at least one");
  checkFinite(values);
  return {
    trials: values.length,
    mean: meanOf(values),
    min: Math.min(...values),
    max: Math.max(...values),
    interval: values.length < 2 ? null : bootstrap(values),
  };
}

/**
 * Student's interval of the mean, of which each end is a 95% bound to its side (so it is a 90%
 * interval). It is what few trials can tell, where the bootstrap's interval is too narrow: of five
 * normal values its 95% interval holds their mean in 83 of 100 cases. Null with fewer than two
 * values.
 *
 * @throws InputError if one is not finite
 */
export function studentInterval(values: readonly number[]): readonly [number, number] | null {
  checkFinite(values);
  const n = values.length;
  if (n < 2) return null;
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = studentQuantile(n - 1) * Math.sqrt(variance / n);
  return [mean - half, mean + half];
}

/**
 * How many values would keep Student's interval (`studentInterval`) off a bound, if they go on with
 * the mean and the deviation that these have; Infinity where the mean is the bound, but for the
 * rounding of its sum.
 *
 * @param values at least two
 */
export function decidingTrials(values: readonly number[], bound: number): number {
  const mean = meanOf(values), n = values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const distance = Math.abs(mean - bound);
  const isEnough = (trials: number) =>
    studentQuantile(trials - 1) * Math.sqrt(variance / trials) < distance;
  // By the normal quantile, then up to Student's, which is a little larger.
  let trials = Math.max(2, Math.ceil(variance * (NORMAL / distance) ** 2));
  if (!(trials <= MOST_TRIALS)) return Infinity;
  while (!isEnough(trials)) trials++;
  return trials;
}

/** More are needed only for a mean within a millionth of the deviation, which rounding explains. */
const MOST_TRIALS = 1e12;

/** A paired comparison. */
export interface PairedTest {
  /** Mean of the differences. */
  mean: number;
  /** Student's 95% interval of the mean, two-sided. */
  interval: readonly [number, number];
  /** Two-sided: how likely so large a mean is where there is no difference. */
  p: number;
}

/**
 * Student's t-test of paired values, two-sided, by their differences. An exact sign-flip test of
 * five pairs could never say "at 5%": its smallest p is 2/32. Null with fewer than two pairs.
 *
 * @throws InputError if one is not finite
 */
export function pairedTest(differences: readonly number[]): PairedTest | null {
  checkFinite(differences);
  const n = differences.length;
  if (n < 2) return null;
  const mean = meanOf(differences);
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const error = Math.sqrt(variance / n);
  const half = error * twoSidedQuantile(0.05, n - 1);
  // Equal differences differ in their last bits by the way they were computed.
  const p = Math.abs(mean) < 1e-12 ? 1 : studentTails(mean / error, n - 1);
  return { mean, interval: [mean - half, mean + half], p };
}

/**
 * The probability beyond ±t under Student's distribution, by its finite series for whole degrees of
 * freedom (Abramowitz & Stegun 26.7.3 and 26.7.4).
 */
export function studentTails(t: number, freedom: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(freedom));
  const cos = Math.cos(angle), isOdd = freedom % 2 === 1;
  let term = isOdd ? cos : 1, sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= cos * cos * (k - 1) / k;
    sum += term;
  }
  const within = Math.sin(angle) * sum;
  return Math.max(0, 1 - (isOdd ? 2 / Math.PI * (angle + within) : within));
}

/** The t beyond ±which lies this probability, by halving. */
function twoSidedQuantile(p: number, freedom: number): number {
  let low = 0, high = 1;
  while (studentTails(high, freedom) > p) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentTails(middle, freedom) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function checkFinite(values: readonly number[]): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad === -1) return;
  throw new InputError(`value ${bad} of a mean is ${values[bad]}: give finite numbers`);
}

/** 95% quantiles of Student's distribution for 1 to 10 degrees of freedom (a statistics table). */
const STUDENT = [6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812];

/** The 95% quantile of the normal distribution. */
const NORMAL = 1.644854;

/** Above 10 degrees of freedom by the normal quantile (Abramowitz & Stegun 26.7.5), within 1e-3. */
function studentQuantile(freedom: number): number {
  if (freedom <= STUDENT.length) return STUDENT[freedom - 1];
  const z = NORMAL;
  return z + (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}

function bootstrap(values: readonly number[]): [number, number] {
  const stream = new RandomStream(seedKey(0)), means = new Float64Array(RESAMPLES);
  for (let r = 0; r < RESAMPLES; r++) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[stream.integerBelow(values.length)];
    means[r] = sum / values.length;
  }
  means.sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/** Between the two values that are nearest, as NumPy's default. */
function quantile(sorted: Float64Array, at: number): number {
  const place = at * (sorted.length - 1), below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
