/**
 * The base of every network (the original's ModelBase). Calls of `dense` describe the layers;
 * masks, presets and keys of random numbers decide their initial values.
 */
import { InputError } from "../errors.ts";
import type { Activation, LayerSpec } from "../engine/layer_spec.ts";
import { type Key, RandomStream } from "../engine/random.ts";
import type { Tensor } from "../formats/tensor.ts";
import { glorotNormal, type Initializer } from "../models/initializers.ts";
import { type Masks, onesMask } from "../models/masks.ts";
import {
  checkFinite,
  checkKnownNames,
  checkShape,
  type GivenNetwork,
  type Network,
  toMask,
  toNetwork,
  toTensor,
} from "../models/network.ts";
import { runKey } from "./seeds.ts";
import { checkName } from "../models/names.ts";
import { type Parameter, parametersOf } from "../models/parameters.ts";

/** The values of pruned weights: 0, or their initial ones, never trained (Zhou et al. 2019). */
export const PRUNED_WEIGHTS = ["zero", "initial"] as const;
/** One of these. */
export type PrunedWeights = typeof PRUNED_WEIGHTS[number];

/** The start of a network. */
export interface ModelOptions {
  /** Masks by layer name; a layer without one is not pruned. */
  masks?: GivenNetwork;
  /** Initial weights by layer name; a layer without them draws its own. */
  presets?: GivenNetwork;
  /** Initial biases by layer name; a layer without them starts at 0. */
  presetBiases?: GivenNetwork;
  /** The values of pruned weights (Zhou's mask-0 action). Default: "zero". */
  prunedWeights?: PrunedWeights;
  /** Seed of the initial weights: an integer from 0 to 2^53 - 1. Default: 0. */
  seed?: number;
  /** Key of the random numbers that initialize layer `layerIndex`, from 0. Default: by seed. */
  keyFor?: (layerIndex: number) => Key;
}

/** Choices of a layer. */
export interface DenseOptions {
  /** Applied to the sums; null for the last layer, whose sums are logits. Default: null. */
  activation?: Activation;
  /** Whether a bias is added to each sum. Default: true. */
  useBias?: boolean;
  /** Draws the weights where there is no preset. Default: Gaussian Glorot. */
  kernelInitializer?: Initializer;
}

/** A value in the network: the input, or the output of a layer. */
export interface Node {
  /** Its width. */
  readonly features: number;
}

const ACTIVATIONS: readonly Activation[] = ["relu", "tanh", "sigmoid", null];

/** Most weights of one layer: 1 GiB of 32-bit floats. */
const MOST_WEIGHTS = 2 ** 28;

/**
 * A subclass calls `input`, then `dense` once per layer, then `finish`.
 *
 * ```ts
 * import { ModelBase, type ModelOptions } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * class TwoLayers extends ModelBase {
 *   constructor(options: ModelOptions) {
 *     super(options);
 *     const hidden = this.dense("hidden", this.input(784), 32, { activation: "tanh" });
 *     this.dense("logits", hidden, 10);
 *     this.finish();
 *   }
 * }
 * const { weights, biases } = new TwoLayers({ seed: 7 });
 * assertEquals(weights.hidden.shape, [784, 32]);
 * assertEquals(biases.logits.data, new Float32Array(10));
 * ```
 */
export abstract class ModelBase {
  /** The layers in order. */
  readonly layers: LayerSpec[] = [];
  /** (inputs, units) of 0 and 1 for every layer. */
  readonly masks: Masks = {};
  /** The values of pruned weights. */
  readonly prunedWeights: PrunedWeights;
  /** (inputs, units) initial weights of every layer, where masked as `prunedWeights` says. */
  readonly weights: Network = {};
  /** (units) initial biases of every layer that has biases; neither masked nor pruned. */
  readonly biases: Network = {};
  /** The presets that were given. */
  readonly presets: Network;

  /** The parameters in order. */
  get parameters(): Parameter[] {
    return parametersOf(this.layers);
  }

  readonly #given: Record<"masks" | "presets" | "presetBiases", Network>;
  readonly #keyFor: (layerIndex: number) => Key;
  #end: Node | null = null;

  /**
   * Keeps the options for the layers to come.
   *
   * @throws InputError naming the array and the value that cannot be used
   */
  constructor(options: ModelOptions = {}) {
    const { masks = {}, presets = {}, presetBiases = {}, seed = 0 } = options;
    this.prunedWeights = options.prunedWeights ?? "zero";
    const { keyFor = (layer: number) => runKey({ seed, purpose: "init", layer }) } = options;
    this.#given = {
      masks: toNetwork(masks, toMask, "mask"),
      presets: toNetwork(presets, toTensor, "preset"),
      presetBiases: toNetwork(presetBiases, toTensor, "preset biases"),
    };
    this.#keyFor = keyFor;
    this.presets = this.#given.presets;
  }

  /** The network's input: `features` values per example. */
  input(features: number): Node {
    if (this.#end !== null) throw new InputError("a network has one input: call input() once");
    checkCount(features, "the network's input", "features");
    return this.#end = { features };
  }

  /**
   * Appends a layer: activation(input · (weights ⊙ mask) + biases). Weights come from the preset of
   * this name or the initializer, biases from their preset or 0.
   *
   * @param input what the layer before gave: networks are chains
   * @throws InputError naming the layer for a name taken, and for masks, presets or initial values
   *   of the wrong shape or with values that cannot be used
   */
  dense(
    name: string,
    input: Node,
    units: number,
    { activation = null, useBias = true, kernelInitializer = glorotNormal }: DenseOptions = {},
  ): Node {
    checkName(name, "layer name");
    if (Object.hasOwn(this.weights, name)) {
      throw new InputError(`layer "${name}" exists already: give each layer a name of its own`);
    }
    if (input !== this.#end) {
      throw new InputError(
        `${name} must take the output of the layer before it: networks are chains`,
      );
    }
    checkCount(units, name, "units");
    if (!ACTIVATIONS.includes(activation)) {
      throw new InputError(
        `${name} has the unknown activation "${activation}": use relu, tanh, sigmoid or null`,
      );
    }
    const inputs = input.features;
    if (inputs * units > MOST_WEIGHTS) {
      throw new InputError(
        `${name} would have ${inputs} x ${units} weights; at most ${MOST_WEIGHTS} can be held: ` +
          "use fewer units",
      );
    }
    const spec: LayerSpec = { name, inputs, units, activation, useBias };
    const mask = this.#mask(spec);
    const weights = this.#weights(spec, mask, kernelInitializer);
    const biases = this.#biases(spec);
    this.masks[name] = mask;
    this.weights[name] = weights;
    if (biases !== null) this.biases[name] = biases;
    this.layers.push(spec);
    return this.#end = { features: units };
  }

  /**
   * Checks the network as a whole, after its last layer.
   *
   * @throws InputError if it has no layer, or if a mask or preset is of a layer that it doesn't
   *   have
   */
  finish(): void {
    if (this.layers.length === 0) {
      throw new InputError("the network has no layers: give at least one");
    }
    const names = this.layers.map(({ name }) => name);
    checkKnownNames(this.#given.masks, names, "mask");
    checkKnownNames(this.#given.presets, names, "preset");
    checkKnownNames(this.#given.presetBiases, names, "preset biases");
  }

  #mask(spec: LayerSpec): Tensor {
    const { name, inputs, units } = spec, shape = [inputs, units];
    if (!Object.hasOwn(this.#given.masks, name)) return onesMask(shape);
    const given = this.#given.masks[name];
    checkShape(given, shape, `mask of ${name}`);
    return { shape, data: given.data.map((value) => value === 0 ? 0 : 1) }; // never -0
  }

  #weights({ name, inputs, units }: LayerSpec, mask: Tensor, initializer: Initializer): Tensor {
    const preset = Object.hasOwn(this.#given.presets, name) ? this.#given.presets[name] : null;
    const stream = new RandomStream(this.#keyFor(this.layers.length));
    const what = preset ? `preset of ${name}` : `initializer of ${name}`;
    const initial = preset ??
      toTensor({ shape: [inputs, units], data: initializer([inputs, units], stream) }, what);
    checkShape(initial, [inputs, units], what);
    checkFinite(initial, what);
    if (this.prunedWeights === "initial") {
      return { shape: [inputs, units], data: initial.data.slice() };
    }
    // Not a product: that would make a masked negative weight -0.
    const data = initial.data.map((w, i) => mask.data[i] === 0 ? 0 : w);
    return { shape: [inputs, units], data };
  }

  #biases({ name, units, useBias }: LayerSpec): Tensor | null {
    const given = this.#given.presetBiases;
    if (!Object.hasOwn(given, name)) {
      return useBias ? { shape: [units], data: new Float32Array(units) } : null;
    }
    const what = `preset biases of ${name}`;
    if (!useBias) throw new InputError(`${what} cannot be used: the layer has no biases`);
    checkShape(given[name], [units], what);
    checkFinite(given[name], what);
    return { shape: [units], data: given[name].data.slice() };
  }
}

function checkCount(value: number, what: string, of: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new InputError(`${what} cannot have ${value} ${of}: give an integer, 1 or more`);
}
