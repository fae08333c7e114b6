/**
 * SURVIVORS, the table of the values from which a level's survivors start (Zhou et al. 2019, the
 * mask-1 action), and the points to which they are rewound.
 */

import { InputError } from "../errors.ts";
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
    help: "their own values at level 0 (the paper)",
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
    help: "the standard deviation of the layer's values at level 0, with each weight's sign",
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

/** How a level's network starts, and how long it trains. */
export interface Rewinding {
  /**
   * The iteration of the full network's training to whose weights survivors return, as a numeral
   * ("0": their initial values, the paper's; Frankle et al. 2020), or "final": they stay as trained
   * (Renda et al. 2020).
   */
  to: string;
  /**
   * Where the schedule is taken up when weights stay final: an iteration, as a numeral, or "last":
   * its last rate throughout. Default: "0", the schedule begins anew.
   */
  rate?: string;
  /** With "final" it is of no effect. */
  survivors: SurvivorsName;
  /** Iterations of each level after 0. Default: as many as are left of the training. */
  iterations?: number;
}

/** The iteration to whose weights survivors return: 0 where they stay final. */
export function rewindIteration({ to }: Pick<Rewinding, "to">): number {
  return to === "final" ? 0 : Number(to);
}

/** The part of a training that a run is. */
export interface TrainingPart {
  /** Iterations at which it begins and ends: data order and schedule are those from there on. */
  start: number;
  stop: number;
  /** Whether the rate is the schedule's last throughout (fine-tuning). */
  isLastRate: boolean;
}

/**
 * The part of a training of `iterations` that a lottery's run at a level is.
 *
 * @param weights "rewound": it starts from the weights of the rewind point or later; "drawn": from
 *   fresh weights, so that it is trained from the first iteration
 * @throws InputError if the part does not lie within the training
 */
export function partAt(
  level: number,
  weights: "rewound" | "drawn",
  rewinding: Rewinding,
  iterations: number,
): TrainingPart {
  const { to, rate = "0", iterations: most } = rewinding;
  const isRewound = weights === "rewound";
  const whole = { start: 0, stop: iterations, isLastRate: false };
  if (level === 0) return isRewound ? { ...whole, start: rewindIteration(rewinding) } : whole;
  const isLastRate = isRewound && to === "final" && rate === "last";
  const first = to === "final" ? (isLastRate ? "0" : rate) : to;
  const start = isRewound ? Number(first) : 0;
  if (most === undefined) return { ...whole, start, isLastRate };
  if (start + most > iterations) {
    throw new InputError(
      `${most} iterations per level from iteration ${start} on end after the ${iterations} of ` +
        `the training: give at most ${iterations - start}`,
    );
  }
  return { start, stop: start + most, isLastRate };
}

/** @throws InputError if weights or schedule are taken up past the end of a training */
export function checkRewinding(rewinding: Rewinding, iterations: number): void {
  const { to, rate = "0" } = rewinding;
  const check = (what: string, point: string) => {
    if (point === "final" || point === "last" || point === "0") return;
    if (Number(point) < iterations) return;
    throw new InputError(
      `${what} iteration ${point} lies past the end of a training of ${iterations} iterations: ` +
        "give a smaller one, or a longer training",
    );
  };
  check("rewinding:", to);
  check("rewinding of the learning rate:", rate);
  partAt(1, "rewound", rewinding, iterations);
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
      const values = SURVIVORS[survivors].values({ initial: tensor, mask, initializer, stream });
      // Pruned weights that are kept at all keep their own values.
      const data = values.map((value, i) => mask.data[i] === 0 ? tensor.data[i] : value);
      return [name, { shape: [...tensor.shape], data }];
    }),
  );
  return { ...start, presets };
}
