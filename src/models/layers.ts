/** The layers of fully connected networks: makes them from widths, and checks that they fit. */

import type { Activation, DenseSpec } from "../engine/layer_spec.ts";

/** (units, activation) of each layer; the last one computes the logits: [classes, null]. */
export type FcLayers = readonly [units: number, activation: Activation][];

/** The layers of a network over examples of `features` values, named layer0, layer1, … */
export function fcLayers(layers: FcLayers, features: number): DenseSpec[] {
  return layers.map(([units, activation], i) => ({
    name: `layer${i}`,
    inputs: i === 0 ? features : layers[i - 1][0],
    units,
    activation,
    useBias: true,
  }));
}

/** Why layers are no network from examples to classes; null if they are one. */
export function layersFault(
  layers: readonly DenseSpec[],
  features: number,
  classes: number,
): string | null {
  let inputs = features, from = "the features of its examples";
  for (const [l, layer] of layers.entries()) {
    if (layer.inputs !== inputs) {
      return `network.layers[${l}].inputs is ${layer.inputs}, not ${inputs} as ${from}`;
    }
    inputs = layer.units;
    from = `network.layers[${l}].units`;
  }
  if (inputs < classes) {
    return `${from} is ${inputs}, less than the ${classes} classes of its examples`;
  }
  return new Set(layers.map(({ name }) => name)).size < layers.length
    ? "two layers have one name"
    : null;
}

/** The widths of the hidden layers: "300-100"; "none" without one. */
export function hiddenText(layers: readonly DenseSpec[]): string {
  return layers.slice(0, -1).map(({ units }) => units).join("-") || "none";
}
