/**
 * SURVIVORS, the table of the values from which a level's survivors start (Zhou et al. 2019, the
 * mask-1 action), and the points to which they are rewound.
 */

import type { Key } from "../engine/random.ts";
import { RandomStream } from "../engine/random.ts";
import type { Tensor } from "../formats/tensor.ts";
import type { Initializer } from "../models/initializers.ts";
import type { Masks } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import { type LevelResult, rewindToStart, type Rewound } from "./experiment.ts";

/** A layer that is about to start again. */
export interface RewoundLayer {
  /** (inputs, units) initial weights of level 0. */
  initial: Tensor;
  /** The mask of the level that starts. */
  mask: Tensor;
  /** Draws weights as those of level 0 were drawn. */
  initializer: Initializer;
  stream: RandomStream;
}

/** A way to start again. */
export interface Survivors {
  /** Completes a sentence of `--help`. */
  help: string;
  /** The values of all weights of a layer; those that are pruned do not matter. */
  values(layer: RewoundLayer): Float32Array;
}

export const SURVIVORS = {
  rewind: {
    help: "their values of level 0 (the paper)",
    values: ({ initial }) => initial.data,
  },
  reshuffle: {
    help: "the same values, shuffled among the survivors of a layer",
    values: ({ initial, mask, stream }) => {
      const live = [...mask.data.keys()].filter((i) => mask.data[i] !== 0);
      const from = live.slice(), values = initial.data.slice();
      // Fisher and Yates.
      for (let last = from.length - 1; last > 0; last--) {
        const other = stream.integerBelow(last + 1);
        [from[last], from[other]] = [from[other], from[last]];
      }
      live.forEach((place, i) => values[place] = initial.data[from[i]]);
      return values;
    },
  },
  constant: {
    help: "the standard deviation of the layer's values of level 0, each with its sign of level 0",
    values: ({ initial: { data } }) => {
      const mean = data.reduce((sum, w) => sum + w, 0) / data.length;
      const variance = data.reduce((sum, w) => sum + (w - mean) ** 2, 0) / data.length;
      return data.map((weight) => Math.sign(weight) * Math.sqrt(variance));
    },
  },
  random: {
    help: "drawn anew at each level",
    values: ({ initial: { shape: [inputs, units] }, initializer, stream }) =>
      Float32Array.from(initializer([inputs, units], stream)),
  },
} as const satisfies Record<string, Survivors>;

/** The name of a way. */
export type SurvivorsName = keyof typeof SURVIVORS;
/** All of them. */
export const SURVIVORS_NAMES = Object.keys(SURVIVORS) as SurvivorsName[];

/** Where weights return to: iteration 0 of level 0, or nowhere (fine-tuning, Renda et al. 2020). */
export const REWIND_POINTS = ["0", "final"] as const;
/** One of these. */
export type RewindPoint = typeof REWIND_POINTS[number];

/** How a level's network starts. */
export interface Rewinding {
  to: RewindPoint;
  /** With "final" it is of no effect. */
  survivors: SurvivorsName;
}

/**
 * The start of the next level, from the results of all levels so far and the next level's masks.
 *
 * @param keyFor returns the key of a layer's random numbers at the level that starts
 */
export function rewound(
  { to, survivors }: Rewinding,
  results: readonly LevelResult[],
  masks: Masks,
  initializer: Initializer,
  keyFor: (layer: number, level: number) => Key,
): Rewound {
  const last = results[results.length - 1];
  if (to === "final") return { presets: last.final, presetBiases: last.finalBiases };
  const start = rewindToStart(results);
  if (survivors === "rewind") return start;
  const [{ initial }] = results;
  const presets: Network = Object.fromEntries(
    Object.entries(initial).map(([name, tensor], layer) => {
      const stream = new RandomStream(keyFor(layer, results.length));
      const mask = masks[name];
      const data = SURVIVORS[survivors].values({ initial: tensor, mask, initializer, stream });
      return [name, { shape: [...tensor.shape], data }];
    }),
  );
  return { ...start, presets };
}
