/** Networks that take images, as whole matrices and as lists of live weights at random places. */

import { adamSpec, type Gpu, type Program, weightedLayers } from "../../src/engine/mod.ts";
import { weightShape } from "../../src/engine/layer_spec.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { type NetworkName, NETWORKS } from "../../src/models/networks.ts";
import { networkProgram, type Uploaded } from "./bench/network_program.ts";

/** Makes programs of a network. */
export interface RandomNetworks {
  /** As whole matrices. */
  dense(): Promise<Program>;
  /** As lists, of a density that all its layers have. */
  listed: { density: number; make(): Promise<Program> }[];
}

/** A network and its sparse ones, to be made one after the other. */
export function randomNetworks(
  gpu: Gpu,
  uploaded: Uploaded,
  network: NetworkName,
  densities: readonly number[],
): RandomNetworks {
  const { hidden } = NETWORKS[network], optimizer = adamSpec(1.2e-3);
  const layers = weightedLayers(networkLayers(hidden, uploaded.shape, uploaded.classes));
  const masksOf = (density: number) => {
    const stream = new RandomStream([7, 0]);
    return layers.map((layer) => {
      const { inputs, units } = weightShape(layer);
      return Float32Array.from({ length: inputs * units }, () => +(stream.uniform() < density));
    });
  };
  const make = (density: number) =>
    networkProgram(gpu, uploaded, { optimizer, hidden, masks: masksOf(density), isSparse: true });
  return {
    dense: () => networkProgram(gpu, uploaded, { optimizer, hidden }),
    listed: densities.map((density) => ({ density, make: () => make(density) })),
  };
}
