/** A fully connected network (the original's ModelFc), of layers named layer0, layer1, … */
import type { Activation, DenseSpec } from "../engine/layer_spec.ts";
import type { Initializer } from "../models/initializers.ts";
import { ModelBase, type ModelOptions } from "./model.ts";
import { fcLayers } from "../models/layers.ts";

/** The layers of a fully connected network. */
export interface FcHyperparameters {
  /** (units, activation) of each layer; the last one computes the logits: [classes, null]. */
  layers: [units: number, activation: Activation][];
  /** Draws the weights of every layer without a preset. Default: Gaussian Glorot. */
  kernelInitializer?: Initializer;
}

/**
 * Layers of `hyperparameters` over inputs of `features` values.
 *
 * ```ts
 * import { ModelFc } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * // LeNet-300-100, its first weight pruned.
 * const mask = new Float32Array(784 * 300).fill(1);
 * mask[0] = 0;
 * const lenet = new ModelFc(
 *   { layers: [[300, "relu"], [100, "relu"], [10, null]] },
 *   784,
 *   { seed: 1, masks: { layer0: { shape: [784, 300], data: mask } } },
 * );
 * assertEquals(Object.keys(lenet.weights), ["layer0", "layer1", "layer2"]);
 * assertEquals(lenet.weights.layer0.data[0], 0);
 * ```
 */
export class ModelFc extends ModelBase {
  /** The layers in order. */
  declare readonly layers: DenseSpec[];

  /**
   * Makes all layers.
   *
   * @param features values of an example
   * @throws InputError as `ModelBase.dense` and `finish`
   */
  constructor(hyperparameters: FcHyperparameters, features: number, options: ModelOptions = {}) {
    super(options);
    const { kernelInitializer } = hyperparameters;
    let node = this.input(features);
    for (const { name, units, activation } of fcLayers(hyperparameters.layers, features)) {
      node = this.dense(name, node, units, { activation, kernelInitializer });
    }
    this.finish();
  }
}
