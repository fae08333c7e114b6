/**
 * The layers of a sparse network that have weights: where each of their weights has its row among
 * the inputs and in the gradient, dense layers and convolutions alike.
 */

import {
  type Activation,
  activationOf,
  isConv2d,
  isDense,
  isPool,
  type LayerSpec,
  paddingBefore,
  type WeightedSpec,
  weightShape,
} from "../../layer_spec.ts";
import { type FeatureMap, featureMaps, featureRow } from "./feature_maps.ts";

/** A layer that has weights, in its network. */
export interface ListedLayer {
  spec: WeightedSpec;
  /** Where it is among all layers. */
  index: number;
  name: string;
  /** Rows and columns of its weights. */
  inputs: number;
  units: number;
  activation: Activation;
  useBias: boolean;
  /** Of the layer below it; null too where there is none. */
  belowActivation: Activation;
  /** How its inputs and outputs lie. */
  from: FeatureMap;
  to: FeatureMap;
  /** Lists of inputs of each class, and classes. */
  sources: number;
  classes: number;
}

/** The layers that have weights, and how what they take and give lies. */
export function listedLayers(layers: readonly LayerSpec[]): ListedLayer[] {
  const maps = featureMaps(layers);
  return layers.flatMap((spec, index): ListedLayer[] => {
    if (isPool(spec)) return [];
    const { name, activation, useBias } = spec, from = maps[index], to = maps[index + 1];
    return [{
      spec,
      index,
      name,
      ...weightShape(spec),
      activation,
      useBias,
      belowActivation: index === 0 ? null : activationOf(layers[index - 1]),
      from,
      to,
      sources: isConv2d(spec) ? spec.image[2] : from.rows,
      classes: isConv2d(spec) ? spec.stride[0] * spec.stride[1] : 1,
    }];
  });
}

/** By row of a layer's weights: the row of its matrix that it is multiplied with. */
export function inputRows({ spec, inputs, from }: ListedLayer): Uint32Array {
  if (isDense(spec)) return Uint32Array.from(range(inputs), (input) => featureRow(from, input));
  const { kernel: [, width], image: [, , channels] } = spec, [above, left] = paddingBefore(spec);
  return Uint32Array.from(range(inputs), (input) => {
    const tap = Math.floor(input / channels);
    const y = Math.floor(tap / width) + from.top - above, x = tap % width + from.left - left;
    return (y * from.pitch + x) * channels + input % channels;
  });
}

/** For a weight: which list of inputs it is on, and its row of the gradient. */
export function sourceOf(
  layer: ListedLayer,
): (input: number, unit: number) => { list: number; row: number } {
  const { spec, from, to, sources } = layer;
  if (isDense(spec)) return (input, unit) => ({ list: featureRow(from, input), row: unit });
  const { kernel: [, width], stride: [down, right], filters } = spec;
  return (input, unit) => {
    const tap = Math.floor(input / sources), y = Math.floor(tap / width), x = tap % width;
    const ofClass = y % down * right + x % right;
    const pixel = (to.top - Math.floor(y / down)) * to.pitch + to.left - Math.floor(x / right);
    // Negative ones wrap, as their sums with a pixel's first row do.
    return { list: ofClass * sources + input % sources, row: (pixel * filters + unit) >>> 0 };
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
