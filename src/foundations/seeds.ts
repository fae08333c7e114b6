/**
 * The keys of all random choices. Each purpose has a stream of its own (src/engine/random.ts), so
 * any run can be repeated alone, in any order.
 */
import { InputError } from "../errors.ts";
import { deriveKey, type Key, seedKey } from "../engine/random.ts";

/**
 * The purposes of random numbers. These numbers define the meaning of a seed: an experiment
 * repeated with its seed writes the same files only while they stay as they are. New purposes take
 * new numbers.
 */
const PURPOSES = {
  /** initial weights */
  init: 1,
  /** which training examples become the validation set */
  split: 2,
  /** order of the training examples */
  order: 3,
  /** weights of a reinitialized control */
  reinit: 4,
  /** permutation of the labels */
  labels: 5,
  /** generated examples */
  data: 6,
  /** weights drawn from a set of values */
  reuse: 7,
  /** which weights of a layer are live, where that is random */
  sparsity: 8,
  /** scores of weights, where they are random */
  scores: 9,
  /** values of survivors, where they are not rewound */
  survivors: 10,
  /** which weights grow while a run is trained, where that is random */
  growth: 11,
  /** crops and mirrorings of training images */
  augment: 12,
} as const;

export type Purpose = keyof typeof PURPOSES;

/** The coordinates of a random choice; those that it does not depend on are left at 0. */
export interface RunSeed {
  /** The user's seed: an integer from 0 to 2^53 - 1. */
  seed: number;
  purpose: Purpose;
  trial?: number;
  level?: number;
  /** Number of a run beside others of its level (reinitializations). */
  run?: number;
  layer?: number;
}

/**
 * The key of one random choice. Different coordinates give independent streams.
 *
 * @throws InputError if the seed is not an integer in [0, 2^53) or a coordinate not one in [0,
 *   2^32)
 */
export function runKey({ seed, purpose, trial = 0, level = 0, run = 0, layer = 0 }: RunSeed): Key {
  checkInteger("seed", seed, 2 ** 53);
  for (const [name, value] of Object.entries({ trial, level, run, layer })) {
    checkInteger(name, value, 2 ** 32);
  }
  return deriveKey(deriveKey(seedKey(seed), PURPOSES[purpose], trial, level, run), layer);
}

function checkInteger(name: string, value: number, end: number): void {
  if (Number.isInteger(value) && value >= 0 && value < end) return;
  throw new InputError(`${name} ${value} cannot be used: give an integer from 0 to ${end - 1}`);
}
