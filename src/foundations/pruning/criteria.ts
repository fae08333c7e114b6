/**
 * CRITERIA, the table of the scores by which a lottery prunes between two levels: of the live
 * weights, those with the largest scores stay (Zhou et al. 2019, table 1, unless said otherwise).
 */

import type { RandomStream } from "../../engine/random.ts";

/** The weights of a layer that a score is made from. */
export interface ScoredLayer {
  /** Before training. */
  initial: Float32Array;
  /** After training. */
  final: Float32Array;
  /** Random numbers of this layer, the same at every level of a trial. */
  stream: RandomStream;
}

/** A criterion. */
export interface Criterion {
  /** Completes a sentence of `--help`: which weights stay. */
  help: string;
  /** The score of each weight; -Infinity comes before all others. */
  score(layer: ScoredLayer): Float32Array;
}

const abs = Math.abs;

/** The scores of pairs of an initial and a final weight. */
const ofPairs =
  (score: (initial: number, final: number) => number) =>
  ({ initial, final }: ScoredLayer): Float32Array =>
    final.map((weight, i) => score(initial[i], weight));

/** The same where the sign has not changed; weights whose sign has changed go first. */
const ofSameSign = (score: (initial: number, final: number) => number) =>
  ofPairs((initial, final) =>
    Math.sign(initial) === Math.sign(final) ? score(initial, final) : -Infinity
  );

/** Scores of |initial| and a·|final|, where a gives both the same maximum. */
const ofScaled = (score: (initial: number, final: number) => number) => (layer: ScoredLayer) => {
  const most = (values: Float32Array) => values.reduce((max, w) => Math.max(max, abs(w)), 0);
  const largest = most(layer.final), scale = largest > 0 ? most(layer.initial) / largest : 0;
  return ofPairs((initial, final) => score(abs(initial), scale * abs(final)))(layer);
};

/** To add a criterion is to add a row. */
export const CRITERIA = {
  magnitude: {
    help: "largest final magnitude (the paper, section 2; Zhou's large_final)",
    score: ({ final }) => final.map(abs),
  },
  small_final: {
    help: "smallest final magnitude",
    score: ({ final }) => final.map((weight) => -abs(weight)),
  },
  large_init: {
    help: "largest initial magnitude",
    score: ({ initial }) => initial.map(abs),
  },
  small_init: {
    help: "smallest initial magnitude",
    score: ({ initial }) => initial.map((weight) => -abs(weight)),
  },
  large_init_large_final: {
    help: "largest at both ends: min(|initial|, a·|final|), a from the maxima of the layer",
    score: ofScaled(Math.min),
  },
  small_init_small_final: {
    help: "smallest at both ends: -max(|initial|, a·|final|)",
    score: ofScaled((initial, final) => -Math.max(initial, final)),
  },
  magnitude_increase: {
    help: "largest |final| - |initial|",
    score: ofPairs((initial, final) => abs(final) - abs(initial)),
  },
  movement: {
    help: "largest |final - initial|",
    score: ofPairs((initial, final) => abs(final - initial)),
  },
  large_final_same_sign: {
    help: "largest final magnitude, of weights that kept their sign",
    score: ofSameSign((_, final) => abs(final)),
  },
  magnitude_increase_same_sign: {
    help: "largest |final| - |initial|, of weights that kept their sign",
    score: ofSameSign((initial, final) => abs(final) - abs(initial)),
  },
  random: {
    help: "chosen at random, once per trial",
    score: ({ final, stream }) => final.map(() => stream.uniform()),
  },
} as const satisfies Record<string, Criterion>;

/** The name of a criterion. */
export type CriterionName = keyof typeof CRITERIA;
/** All of them. */
export const CRITERION_NAMES = Object.keys(CRITERIA) as CriterionName[];
