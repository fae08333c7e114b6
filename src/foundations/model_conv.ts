/** A network of any layers, convolutions and pooling among them. */
import { checkLayers, type LayerSpec } from "../engine/layer_spec.ts";
import type { Initializer } from "../models/initializers.ts";
import { ModelBase, type ModelOptions } from "./model.ts";

/** The layers of a network. */
export interface ConvHyperparameters {
  /** The layers in order, as `networkLayers` makes them; the last one computes the logits. */
  layers: readonly LayerSpec[];
  /** Draws the weights of every layer without a preset. Default: Gaussian Glorot. */
  kernelInitializer?: Initializer;
}

/**
 * The layers of `hyperparameters`.
 *
 * ```ts
 * import { ModelConv, networkLayers, parseHidden } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * // LeNet-5.
 * const hidden = parseHidden("conv5x5v:20,pool,conv5x5v:50,pool,500");
 * const lenet = new ModelConv({ layers: networkLayers(hidden, [28, 28], 10) }, { seed: 1 });
 * assertEquals(Object.keys(lenet.weights), ["layer0", "layer1", "layer2", "layer3"]);
 * assertEquals(lenet.weights.layer1.shape, [5, 5, 20, 50]);
 * ```
 */
export class ModelConv extends ModelBase {
  /**
   * Makes all layers.
   *
   * @throws InputError naming layers that do not chain; as `ModelBase.conv2d` and `finish`
   */
  constructor({ layers, kernelInitializer }: ConvHyperparameters, options: ModelOptions = {}) {
    super(options);
    checkLayers(layers);
    for (const layer of layers) this.append(layer, kernelInitializer);
    this.finish();
  }
}
