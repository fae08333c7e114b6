/**
 * The base of every network (the original's ModelBase). Calls of `dense`, `conv2d` and the like
 * describe the layers; masks, presets and keys of random numbers decide their initial values.
 */
import { InputError } from "../errors.ts";
import {
  activationOf,
  type Extent,
  isPool,
  type LayerSpec,
  outputShape,
  type PoolSpec,
  weightedLayers,
  type WeightedSpec,
} from "../engine/layer_spec.ts";
import { type Key, RandomStream } from "../engine/random.ts";
import type { Tensor } from "../formats/tensor.ts";
import { glorotNormal, type Initializer } from "../models/initializers.ts";
import { asImage, checkLayer } from "../models/layers.ts";
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
import {
  checkActivation,
  checkCount,
  checkSize,
  type Conv2dOptions,
  type DenseOptions,
  extentOf,
  type Node,
  nodeOf,
} from "./model_layers.ts";
import { runKey } from "./seeds.ts";
import { checkName } from "../models/names.ts";
import { type Parameter, parametersOf, weightAxes } from "../models/parameters.ts";

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
  /**
   * Key of the random numbers that initialize layer `layerIndex` of those with weights, from 0.
   * Default: by seed.
   */
  keyFor?: (layerIndex: number) => Key;
}

/**
 * A subclass calls `input`, then `dense`, `conv2d` or pooling once per layer, then `finish`.
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
 *
 * Images are (height, width, channels):
 *
 * ```ts
 * import { ModelBase } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * class Small extends ModelBase {
 *   constructor() {
 *     super({ seed: 7 });
 *     const image = this.input([28, 28, 1]);
 *     const edges = this.conv2d("edges", image, 8, { kernel: 3, stride: 2, activation: "relu" });
 *     assertEquals(edges.shape, [14, 14, 8]);
 *     this.dense("logits", this.maxPool2d(edges, 2), 10);
 *     this.finish();
 *   }
 * }
 * const { weights } = new Small();
 * assertEquals(weights.edges.shape, [3, 3, 1, 8]);
 * assertEquals(weights.logits.shape, [7 * 7 * 8, 10]);
 * ```
 */
export abstract class ModelBase {
  /** The layers in order. */
  readonly layers: LayerSpec[] = [];
  /** 0 and 1 for every weight, in the shapes of the weights. */
  readonly masks: Masks = {};
  /** The values of pruned weights. */
  readonly prunedWeights: PrunedWeights;
  /**
   * Initial weights of every layer that has some, (inputs, units) or (height, width, channels,
   * filters); where masked as `prunedWeights` says.
   */
  readonly weights: Network = {};
  /**
   * (units) or (filters) initial biases of every layer that has biases; neither masked nor pruned.
   */
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
    if (!PRUNED_WEIGHTS.includes(this.prunedWeights)) {
      throw new InputError(
        `pruned weights of "${this.prunedWeights}": use ${PRUNED_WEIGHTS.join(" or ")}`,
      );
    }
    const { keyFor = (layer: number) => runKey({ seed, purpose: "init", layer }) } = options;
    this.#given = {
      masks: toNetwork(masks, toMask, "mask"),
      presets: toNetwork(presets, toTensor, "preset"),
      presetBiases: toNetwork(presetBiases, toTensor, "preset biases"),
    };
    this.#keyFor = keyFor;
    this.presets = this.#given.presets;
  }

  /**
   * The network's input.
   *
   * @param shape values of an example, or (height, width, channels) of an image
   */
  input(shape: number | readonly number[]): Node {
    if (this.#end !== null) throw new InputError("a network has one input: call input() once");
    const sizes = typeof shape === "number" ? [shape] : shape;
    if (!Array.isArray(sizes) || (sizes.length !== 1 && sizes.length !== 3)) {
      throw new InputError(
        `the network's input cannot be ${JSON.stringify(shape)}: give the number of features, or ` +
          "[height, width, channels]",
      );
    }
    for (const size of sizes) {
      checkCount(size, "the network's input", sizes.length === 1 ? "features" : "pixels on a side");
    }
    return this.#end = nodeOf(sizes);
  }

  /**
   * Appends a layer: activation(input · (weights ⊙ mask) + biases). Weights come from the preset of
   * this name or the initializer, biases from their preset or 0. An image is taken row by row.
   *
   * @param input what the layer before gave: networks are chains
   * @throws InputError naming the layer for a name taken, and for masks, presets or initial values
   *   of the wrong shape or with values that cannot be used
   */
  dense(
    name: string,
    input: Node,
    units: number,
    { activation = null, useBias = true, kernelInitializer }: DenseOptions = {},
  ): Node {
    this.#checkChain(name, input);
    checkCount(units, name, "units");
    const { features: inputs } = input;
    return this.append({ name, inputs, units, activation, useBias }, kernelInitializer);
  }

  /**
   * Appends a convolution: activation(input ∗ (weights ⊙ mask) + biases), its weights (height,
   * width, channels, filters). Otherwise as `dense`.
   *
   * @param input   an image
   * @param filters channels of the output
   * @throws InputError as `dense`, and for sizes that do not fit
   */
  conv2d(
    name: string,
    input: Node,
    filters: number,
    { kernel, stride = 1, padding = "same", ...options }: Conv2dOptions,
  ): Node {
    const { activation = null, useBias = true, kernelInitializer } = options;
    this.#checkChain(name, input);
    return this.append({
      kind: "conv2d",
      name,
      image: asImage(input.shape, name),
      kernel: extentOf(kernel),
      stride: extentOf(stride),
      ...{ padding, filters, activation, useBias },
    }, kernelInitializer);
  }

  /**
   * Appends a layer that takes the largest value of each window of each channel; windows that do
   * not fit are left out.
   *
   * @param size   height and width of a window; one number for both
   * @param stride steps of the window. Default: windows lie side by side
   * @throws InputError if the input is no image, or sizes do not fit
   */
  maxPool2d(input: Node, size: Extent | number, stride = size): Node {
    return this.#pool("maxPool2d", input, size, stride);
  }

  /** The same with the mean of each window. */
  avgPool2d(input: Node, size: Extent | number, stride = size): Node {
    return this.#pool("avgPool2d", input, size, stride);
  }

  /** Appends a layer that takes the mean of each channel. */
  globalAvgPool2d(input: Node): Node {
    const [height, width] = asImage(input.shape, "global pooling");
    return this.avgPool2d(input, [height, width]);
  }

  /** An image as a list of numbers, row by row. No layer: `dense` takes images as they are. */
  flatten(input: Node): Node {
    this.#checkChain("flatten", input);
    return this.#end = nodeOf([input.features]);
  }

  /**
   * Appends a layer that is described whole.
   *
   * @throws InputError as `dense` and `conv2d`
   */
  protected append(spec: LayerSpec, kernelInitializer: Initializer = glorotNormal): Node {
    const { name } = spec;
    checkName(name, "layer name");
    if (this.#isTaken(name)) {
      throw new InputError(`layer "${name}" exists already: give each layer a name of its own`);
    }
    checkActivation(name, activationOf(spec));
    checkLayer(spec);
    if (!isPool(spec)) {
      checkSize(spec);
      const mask = this.#mask(spec);
      const weights = this.#weights(spec, mask, kernelInitializer);
      const biases = this.#biases(spec);
      this.masks[name] = mask;
      this.weights[name] = weights;
      if (biases !== null) this.biases[name] = biases;
    }
    this.layers.push(spec);
    return this.#end = nodeOf(outputShape(spec));
  }

  #pool(kind: PoolSpec["kind"], input: Node, size: Extent | number, stride: Extent | number): Node {
    const pools = this.layers.filter(isPool).length;
    let name = `pool${pools}`;
    for (let n = pools; this.#isTaken(name); n++) name = `pool${n}`;
    this.#checkChain(name, input);
    return this.append({
      kind,
      name,
      image: asImage(input.shape, name),
      size: extentOf(size),
      stride: extentOf(stride),
    });
  }

  #isTaken(name: string): boolean {
    return this.layers.some((layer) => layer.name === name);
  }

  #checkChain(name: string, input: Node): void {
    if (input === this.#end) return;
    throw new InputError(
      `${name} must take the output of the layer before it: networks are chains`,
    );
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
    const names = weightedLayers(this.layers).map(({ name }) => name);
    checkKnownNames(this.#given.masks, names, "mask");
    checkKnownNames(this.#given.presets, names, "preset");
    checkKnownNames(this.#given.presetBiases, names, "preset biases");
  }

  #mask(spec: WeightedSpec): Tensor {
    const { name } = spec, shape = weightAxes(spec);
    if (!Object.hasOwn(this.#given.masks, name)) return onesMask(shape);
    const given = this.#given.masks[name];
    checkShape(given, shape, `mask of ${name}`);
    return { shape, data: given.data.map((value) => value === 0 ? 0 : 1) }; // never -0
  }

  #weights(spec: WeightedSpec, mask: Tensor, initializer: Initializer): Tensor {
    const { name } = spec, shape = weightAxes(spec);
    const preset = Object.hasOwn(this.#given.presets, name) ? this.#given.presets[name] : null;
    const stream = new RandomStream(this.#keyFor(weightedLayers(this.layers).length));
    const what = preset ? `preset of ${name}` : `initializer of ${name}`;
    const initial = preset ?? toTensor({ shape, data: initializer([...shape], stream) }, what);
    checkShape(initial, shape, what);
    checkFinite(initial, what);
    if (this.prunedWeights === "initial") return { shape, data: initial.data.slice() };
    // Not a product: that would make a masked negative weight -0.
    return { shape, data: initial.data.map((w, i) => mask.data[i] === 0 ? 0 : w) };
  }

  #biases(spec: WeightedSpec): Tensor | null {
    const { name, useBias } = spec, shape = weightAxes(spec).slice(-1), [units] = shape;
    const given = this.#given.presetBiases;
    if (!Object.hasOwn(given, name)) {
      return useBias ? { shape, data: new Float32Array(units) } : null;
    }
    const what = `preset biases of ${name}`;
    if (!useBias) throw new InputError(`${what} cannot be used: the layer has no biases`);
    checkShape(given[name], shape, what);
    checkFinite(given[name], what);
    return { shape, data: given[name].data.slice() };
  }
}
