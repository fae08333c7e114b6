/** Measures a network of convolutions: its iterations against those of peers, and its memory. */

import {
  adamSpec,
  type Gpu,
  inputSize,
  type LayerSpec,
  outputSize,
} from "../../../src/engine/mod.ts";
import { weightedLayers, weightShape } from "../../../src/engine/mod.ts";
import { type OptimizerSpec, stateCount } from "../../../src/engine/mod.ts";
import { iterationBytes } from "../../../src/engine/programs/iteration.ts";
import type { ExampleSets } from "../../../src/datasets/examples.ts";
import { protocolNamed } from "../../../src/lottery/protocols.ts";
import { layerText } from "../../../src/models/hidden_layers.ts";
import type { NetworkName } from "../../../src/models/networks.ts";
import { compareWith } from "./against.ts";
import { BATCH, networkProgram, timeIterations, uploadSets } from "./network_program.ts";
import { imagePeers } from "./peers.ts";
import type { Rows } from "./rows.ts";

/** Milliseconds of a measurement where the number of iterations is not given. */
const MILLISECONDS = 2000;

/** The networks that have convolutions, which protocols are named after. */
export type ImageNetwork = Exclude<NetworkName, "lenet-300-100">;

/** Adds the lines of a network, trained with its protocol's optimizer and normalization. */
export async function benchImages(
  gpu: Gpu,
  sets: ExampleSets,
  rows: Rows,
  { network, rounds, iterations: given, peers }: {
    network: ImageNetwork;
    rounds: number;
    /** Per measurement; by default as many as take two seconds. */
    iterations?: number;
    peers: boolean;
  },
): Promise<void> {
  const { layers: hidden, learningRate, normalization } = protocolNamed(network);
  const optimizer = adamSpec(learningRate), uploaded = await uploadSets(gpu, sets, normalization);
  const start = performance.now();
  const program = await networkProgram(gpu, uploaded, { optimizer, hidden });
  const elapsed = performance.now() - start;
  rows.push({ what: "compile, first iteration", value: elapsed, unit: "ms" });
  const { spec, spec: { layers } } = program;
  const once = await timeIterations(program, 1);
  const iterations = given ?? Math.min(200, Math.max(1, Math.round(MILLISECONDS / once)));
  const image = [...uploaded.shape, 1].slice(0, 3);
  const rivals = imagePeers(hidden.map(layerText).join(","), image, BATCH * products(layers) / 1e6);
  await compareWith(rows, program, {
    label: "Adam",
    kind: "adam",
    peers: peers ? [[rivals.torch, 6], [rivals.tfjsWebgpu, 1 / 8]] : [],
  }, { rounds, iterations });
  program.destroy();
  const held = iterationBytes(gpu, spec) / 1e6;
  const { activations, parameters } = neededBytes(layers, optimizer);
  rows.push({ what: "memory of an iteration", value: held, unit: "MB" });
  rows.push({ what: "a batch's activations, each once", value: activations / 1e6, unit: "MB" });
  const what = "weights, masks (a bit each) and Adam's moments";
  rows.push({ what, value: parameters / 1e6, unit: "MB" });
  const value = held / ((activations + parameters) / 1e6);
  rows.atMost({ what: "memory / activations and parameters", value, unit: "×" }, 1.5, false);
}

/** What an iteration cannot do without, in bytes. */
function neededBytes(
  layers: readonly LayerSpec[],
  optimizer: OptimizerSpec,
): { activations: number; parameters: number } {
  const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
  const weighted = weightedLayers(layers).map(weightShape);
  const weights = sum(weighted.map(({ inputs, units }) => inputs * units));
  const biases = sum(weighted.map(({ units }) => units));
  return {
    activations: 4 * BATCH * (inputSize(layers[0]) + sum(layers.map(outputSize))),
    parameters: 4 * (weights + biases) * (1 + stateCount(optimizer)) + weights / 8,
  };
}

/** Multiplications of an example's forward pass. */
function products(layers: readonly LayerSpec[]): number {
  return weightedLayers(layers).reduce((sum, layer) => {
    const { inputs, units } = weightShape(layer);
    return sum + inputs * units * (outputSize(layer) / units);
  }, 0);
}
