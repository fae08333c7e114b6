/** The density at which lists of live weights begin to win over whole matrices, as measured. */

import { adamSpec, type Gpu, type Program, weightedLayers } from "../../src/engine/mod.ts";
import { weightShape } from "../../src/engine/layer_spec.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { type NetworkName, NETWORKS } from "../../src/models/networks.ts";
import { networkProgram, type Uploaded } from "./bench/network_program.ts";

/**
 * The density between the sparsest network for which whole matrices are faster and the next
 * sparser one.
 *
 * @param densities falling
 * @param times     by density, to four places, and of "dense"
 */
export function crossoverOf(
  densities: readonly number[],
  times: Readonly<Record<string, number>>,
): number {
  const loses = (density: number) => times[density.toFixed(4)] >= times.dense;
  const sparsestLoser = densities.findLast(loses) ?? 1;
  const densestWinner = densities.find((density) => density < sparsestLoser) ?? 0;
  return Math.round(100 * Math.sqrt(sparsestLoser * densestWinner)) / 100;
}

/**
 * Programs of a network that takes images: one of whole matrices, called "dense", and one of lists
 * for each density, which all its layers have, at random places.
 */
export async function imagePrograms(
  gpu: Gpu,
  uploaded: Uploaded,
  network: NetworkName,
  densities: readonly number[],
): Promise<Map<string, Program>> {
  const { hidden } = NETWORKS[network], optimizer = adamSpec(1.2e-3);
  const layers = weightedLayers(networkLayers(hidden, uploaded.shape, uploaded.classes));
  const programs = new Map([["dense", await networkProgram(gpu, uploaded, { optimizer, hidden })]]);
  for (const density of densities) {
    const stream = new RandomStream([7, 0]);
    const masks = layers.map((layer) => {
      const { inputs, units } = weightShape(layer);
      return Float32Array.from({ length: inputs * units }, () => +(stream.uniform() < density));
    });
    const options = { optimizer, hidden, masks, isSparse: true };
    programs.set(density.toFixed(4), await networkProgram(gpu, uploaded, options));
  }
  return programs;
}
