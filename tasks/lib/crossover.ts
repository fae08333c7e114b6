/** The density at which lists of live weights begin to win over whole matrices, as measured. */

import { adamSpec, type Gpu, Program } from "../../src/engine/mod.ts";
import { weightedLayers } from "../../src/engine/layer_spec.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { ModelConv } from "../../src/foundations/model_conv.ts";
import { runKey } from "../../src/foundations/seeds.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { type NetworkName, NETWORKS } from "../../src/models/networks.ts";
import { BATCH, type Uploaded } from "./lenet_program.ts";

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
  { examples, test, classes }: Uploaded,
  shape: readonly number[],
  network: NetworkName,
  densities: readonly number[],
): Promise<Map<string, Program>> {
  const optimizer = adamSpec(1.2e-3);
  const layers = networkLayers(NETWORKS[network].hidden, shape, classes);
  const model = new ModelConv(
    { layers },
    { keyFor: (layer) => runKey({ seed: 0, purpose: "init", trial: 1, layer }) },
  );
  const programs = new Map<string, Program>();
  for (const density of [null, ...densities]) {
    const stream = new RandomStream([7, 0]);
    const masks = weightedLayers(layers).map(({ name }) =>
      model.masks[name].data.map(() => density === null || stream.uniform() < density ? 1 : 0)
    );
    const program = await Program.create(gpu, {
      layers,
      optimizer,
      batchSize: BATCH,
      examples,
      test,
      trainCount: Math.floor(examples.count * 11 / 12),
      replicas: 1,
      sparse: density === null ? null : [masks],
    });
    program.load(0, {
      layers: weightedLayers(layers).map(({ name }, i) => ({
        weights: model.weights[name].data,
        biases: model.biases[name].data,
        mask: masks[i],
      })),
      orderKey: [1, 0],
      splitKey: [2, 0],
      labelMap: null,
      learningRate: optimizer.learningRate,
    });
    await program.run([{ iterate: 2 }]);
    programs.set(density?.toFixed(4) ?? "dense", program);
  }
  return programs;
}
