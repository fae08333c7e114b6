/**
 * A fully connected network (the original's ModelFc): takes its layers as a list, names them layer0,
 * layer1, … and gives the model.
 */
import type { Activation } from "../engine/layer_spec.ts";
import { ModelBase, type ModelOptions } from "./model.ts";

export interface FcHyperparameters {
  /** (units, activation) of each layer; the last one gives the logits: [classes, null]. */
  layers: [units: number, activation: Activation][];
}

/** Layers of `hyperparameters` over inputs of `features` values. */
export class ModelFc extends ModelBase {
  /** @throws InputError as `ModelBase.dense` and `finish` */
  constructor(hyperparameters: FcHyperparameters, features: number, options: ModelOptions) {
    super(options);
    let node = this.input(features);
    hyperparameters.layers.forEach(([units, activation], i) => {
      node = this.dense(`layer${i}`, node, units, { activation });
    });
    this.finish();
  }
}
