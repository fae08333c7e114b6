/** The masks and weights that controls start from. */

import { RandomStream } from "../engine/random.ts";
import type { LevelStart } from "../foundations/experiment.ts";
import { type Masks, onesMask, validateMasks } from "../models/masks.ts";
import { checkKnownNames, type Network } from "../models/network.ts";
import { shuffleMasks } from "../foundations/pruning/random_masks.ts";
import { resample, resampleWithSigns } from "../foundations/resample.ts";
import { runKey } from "../foundations/seeds.ts";
import { InputError } from "../errors.ts";
import type { RunConfig } from "../runs/schema.ts";
import { parametersOf, prunableOf } from "../models/parameters.ts";
import { KINDS } from "../records/kinds.ts";

/** The arrays from which a control is made. */
export interface ControlSource {
  /** The ticket's, or those of inverted scores. Layers without a mask are not pruned. */
  masks: Masks;
  /** (n) values by layer: reuse and reuse_sign. */
  values?: Network;
  /** Weights whose signs are kept: reuse_sign. */
  signs?: Network;
  /**
   * Weights that the lottery was given, or rewound to, if any: random_sparsity_same_init, inverted.
   */
  presets?: Network;
  /** Biases of the same. */
  presetBiases?: Network;
}

/**
 * Masks and initial weights of a control. `reinit` and `random_sparsity` leave the weights to the
 * initializer, and to the same: runs of one number differ in their masks alone.
 *
 * @throws InputError if a set of values or a sign is missing or cannot be used
 */
export function controlStart(config: RunConfig, source: ControlSource): LevelStart {
  const { masks, values, signs } = source;
  const { id: { kind, trial, level, run }, network: { layers }, training: { seed } } = config;
  const weights = prunableOf(parametersOf(layers)), names = weights.map(({ name }) => name);
  if (KINDS[kind].masks === "shuffled") {
    const shuffled = shuffleMasks(
      masks,
      (name) =>
        runKey({ seed, purpose: "sparsity", trial, level, run, layer: names.indexOf(name) }),
    );
    return { masks: shuffled, presets: source.presets, presetBiases: source.presetBiases };
  }
  if (values === undefined) {
    return { masks, presets: source.presets, presetBiases: source.presetBiases };
  }
  validateMasks(masks, weights);
  checkKnownNames(values, names, "values");
  if (signs) checkKnownNames(signs, names, "same-sign network");
  const presets: Network = {};
  weights.forEach(({ name, shape }, layer) => {
    const stream = new RandomStream(runKey({ seed, purpose: "reuse", trial, level, run, layer }));
    const set = own(values, name, "values to draw from");
    presets[name] = signs === undefined
      ? resample(set, shape, stream, `values of ${name}`)
      : resampleWithSigns(
        set,
        own(signs, name, "same-sign network"),
        Object.hasOwn(masks, name) ? masks[name] : onesMask(shape),
        stream,
        name,
      );
  });
  return { masks, presets };
}

function own(network: Network, name: string, what: string): Network[string] {
  if (Object.hasOwn(network, name)) return network[name];
  throw new InputError(`the ${what} lack ${name}: give an array for every layer`);
}
