/**
 * Evaluates finished networks of one shape: loss, accuracy and predicted classes. They are replicas
 * of one program that is compiled once, as many at a time as the adapter trains best.
 */

import {
  type Gpu,
  type GpuExamples,
  type LayerParameters,
  type LayerSpec,
  maxReplicas,
  type Prediction,
  Program,
  type ProgramSpec,
} from "../engine/mod.ts";
import { weightedLayers, type WeightedSpec } from "../engine/layer_spec.ts";
import { OutOfMemoryError } from "../errors.ts";
import {
  checkFinite,
  checkKnownNames,
  checkShape,
  type GivenTensor,
  type Network,
  ownArray,
  toMask,
  toTensor,
} from "./network.ts";
import type { Masks } from "./masks.ts";
import { weightAxes } from "./parameters.ts";
import type { Tensor } from "../formats/tensor.ts";

/** A network after its training, by layer name. */
export interface FinishedNetwork {
  /** In the shapes of `parametersOf`; what is masked counts as 0. */
  weights: Network;
  /** One for each unit or filter; layers without biases have none. */
  biases: Network;
  /** 0 and 1 for every weight. */
  masks: Masks;
}

/** The examples for an evaluation. */
export interface EvaluationExamples {
  /** The test examples. */
  test: GpuExamples;
  /** Absent or null: networks are evaluated on the test examples alone. */
  train?: GpuExamples | null;
  /** labelMap[label] is the label that was trained on; absent or null: labels as they are. */
  labelMap?: Uint8Array | null;
}

/** How good a network is on a set of examples. */
export interface Score {
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** Share of right predictions, 0 to 1. */
  accuracy: number;
  /** (examples) the class of the largest logit, the first of equals, in the examples' order. */
  classes: Uint8Array<ArrayBuffer>;
}

/** How good a network is on all sets. */
export interface Evaluated {
  /** On the test examples. */
  test: Score;
  /** On all training examples, those held out for validation too; null without any. */
  train: Score | null;
}

/** Evaluates finished networks of one shape on the GPU. */
export class NetworkEvaluator {
  private constructor(
    private readonly program: Program,
    private readonly examples: EvaluationExamples,
  ) {}

  /**
   * Compiles for networks of these layers; the examples stay the caller's to release.
   *
   * @param most how many networks will be evaluated in one call, at most
   * @throws InputError if the layers do not chain or examples do not fit them; CapacityError,
   *   OutOfMemoryError if not even one network fits
   */
  static async create(
    gpu: Gpu,
    examples: EvaluationExamples,
    layers: readonly LayerSpec[],
    most: number,
  ): Promise<NetworkEvaluator> {
    const pool = examples.train ?? examples.test;
    // Nothing is trained: the optimizer without state and the smallest batch take the least memory.
    const spec: Omit<ProgramSpec, "replicas"> = {
      layers: [...layers],
      optimizer: { kind: "sgd" },
      batchSize: 1,
      examples: pool,
      test: examples.test,
      trainCount: pool.count,
    };
    let fit = Math.min(most, gpu.tuned.replicas ?? most);
    // Program.create refuses a network that does not fit at all.
    if (layers.length > 0) fit = Math.max(1, Math.min(fit, maxReplicas(gpu, spec)));
    for (;; fit = Math.floor(fit / 2)) {
      // Of as many groups as it takes, none much smaller than the others.
      const replicas = Math.ceil(most / Math.ceil(most / fit));
      try {
        return new NetworkEvaluator(await Program.create(gpu, { ...spec, replicas }), examples);
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || fit === 1) throw error;
      }
    }
  }

  /** Networks that are evaluated at once. */
  get replicas(): number {
    return this.program.spec.replicas;
  }

  /**
   * Evaluates networks, in their order. A network's numbers are the same bits whatever it is
   * evaluated with; they are those of kernels for whole matrices, which differ in the last bits
   * from those of lists.
   *
   * @throws InputError naming the network, layer and value that cannot be used
   */
  async evaluate(networks: readonly FinishedNetwork[]): Promise<Evaluated[]> {
    const { program: { spec: { layers } }, replicas } = this;
    const { labelMap = null } = this.examples;
    const parameters = networks.map((network, i) =>
      parametersOf(network, layers, `network ${i + 1}`)
    );
    const results: Evaluated[] = [];
    for (let first = 0; first < networks.length; first += replicas) {
      const group = parameters.slice(first, first + replicas);
      group.forEach((layers, r) =>
        this.program.load(r, {
          layers,
          orderKey: [0, 0],
          splitKey: null,
          labelMap,
          learningRate: 0,
        })
      );
      const test = await this.program.predict("test");
      const train = this.examples.train ? await this.program.predict("train") : null;
      results.push(...group.map((_, r) => ({
        test: scoreOf(test, r),
        train: train && scoreOf(train, r),
      })));
    }
    return results;
  }

  /** Releases the program's buffers. */
  destroy(): void {
    this.program.destroy();
  }
}

/**
 * Evaluates networks of one shape once: `NetworkEvaluator` for a single call.
 *
 * @returns one for each network, in their order
 */
export async function evaluateNetworks(
  gpu: Gpu,
  examples: EvaluationExamples,
  layers: readonly LayerSpec[],
  networks: readonly FinishedNetwork[],
): Promise<Evaluated[]> {
  if (networks.length === 0) return [];
  const evaluator = await NetworkEvaluator.create(gpu, examples, layers, networks.length);
  try {
    return await evaluator.evaluate(networks);
  } finally {
    evaluator.destroy();
  }
}

function scoreOf({ count, losses, correct, classes }: Prediction, r: number): Score {
  return { loss: losses[r], accuracy: correct[r] / count, classes: classes[r] };
}

/**
 * The arrays that the engine loads, of each layer that has some; `name` is the network's in errors.
 */
function parametersOf(
  network: FinishedNetwork,
  layers: readonly LayerSpec[],
  name: string,
): LayerParameters[] {
  const take = (
    part: Network,
    what: string,
    layer: WeightedSpec,
    shape: number[],
    toArray: (given: GivenTensor, where: string) => Tensor = toTensor,
  ): Float32Array => {
    const where = `${name}: ${what} of ${layer.name}`;
    const array = toArray(ownArray(part, layer.name, where), where);
    checkShape(array, shape, where);
    checkFinite(array, where);
    return array.data;
  };
  const { weights, biases, masks } = network;
  const weighted = weightedLayers(layers);
  checkKnownNames(weights, weighted.map(({ name }) => name), `${name}: weights`);
  return weighted.map((layer) => {
    const shape = weightAxes(layer), [units] = shape.slice(-1);
    return {
      weights: take(weights, "weights", layer, shape),
      mask: take(masks, "mask", layer, shape, toMask),
      biases: layer.useBias ? take(biases, "biases", layer, [units]) : new Float32Array(units),
    };
  });
}
