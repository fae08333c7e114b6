/**
 * Networks of finished runs that are asked about images: what each takes a drawing for, and test
 * images on which they disagree.
 */

import { choiceFor } from "../../datasets/datasets.ts";
import type { Examples } from "../../datasets/examples.ts";
import { InputError } from "../../errors.ts";
import { Memo } from "../../memo.ts";
import type { Network } from "../../models/network.ts";
import { parametersOf } from "../../models/parameters.ts";
import { normalizeImage, predict } from "../../models/predict.ts";
import * as paths from "../../records/paths.ts";
import { restoreNetwork } from "../../records/save_restore.ts";
import type { RunConfig } from "../../runs/schema.ts";
import type { Storage } from "../../storage/storage.ts";
import { loadHere } from "../examples.ts";
import type { AskedNetwork, ImageShape, Prediction, Requests, TestImage } from "../messages.ts";

/** Images that are asked about between two looks at the clock. */
const AT_ONCE = 8;
/** A search that takes longer ends with what it has found. */
const PATIENCE_MS = 5000;

interface LoadedNetwork {
  config: RunConfig;
  weights: Network;
  biases: Network;
}

const keyOf = ({ folder, isTrained }: AskedNetwork) => `${isTrained} ${folder}`;

/** Answers for networks. */
export class AskedNetworks {
  /** Those that were asked last: a digit is drawn stroke by stroke. */
  readonly #networks = new Memo<string, LoadedNetwork>();
  /** The last test set, by its dataset's digest. */
  readonly #tests = new Memo<string, Examples>();

  /** @param configOf reads the configuration of a finished run */
  constructor(
    private readonly storage: Storage,
    private readonly configOf: (folder: string) => Promise<RunConfig>,
  ) {}

  /** What a network looks at. */
  async imageShape(folder: string): Promise<ImageShape> {
    const { dataset: { shape: [height, width, channels = 1], name } } = await this.configOf(folder);
    return { height, width, channels, dataset: name };
  }

  /** @param pixels of one image, from 0 to 1 */
  async predict(
    pixels: readonly number[],
    networks: readonly AskedNetwork[],
  ): Promise<Prediction[]> {
    const wanted = networks.map(keyOf);
    for (const key of this.#networks.keys()) {
      if (!wanted.includes(key)) this.#networks.delete(key);
    }
    const bytes = pixels.map((value) => 255 * value);
    return await Promise.all(networks.map(async (network) => {
      const [probabilities] = probabilitiesOf(await this.#network(network), [bytes]);
      return { ...network, probabilities };
    }));
  }

  /**
   * Test images that not all of the networks take for the same, in the order of the test set.
   *
   * @throws InputError if the examples that they were trained on are not in this browser
   */
  async disagreements(
    networks: readonly AskedNetwork[],
    most: number,
  ): Promise<Requests["disagreements"][1]> {
    const loaded = await Promise.all(networks.map((network) => this.#network(network)));
    const [{ config }] = loaded, test = await this.#testSet(config);
    const { inputs, labels, count, features, isUnit = false } = test;
    const images: TestImage[] = [], begun = performance.now();
    let looked = 0;
    while (looked < count && images.length < most && performance.now() - begun < PATIENCE_MS) {
      const numbers = Array.from(
        { length: Math.min(AT_ONCE, count - looked) },
        (_, i) => looked + i,
      );
      const bytes = numbers.map((i) =>
        Array.from(inputs.subarray(i * features, (i + 1) * features), (v) => isUnit ? 255 * v : v)
      );
      const answers = loaded.map((network) => probabilitiesOf(network, bytes).map(greatest));
      for (const [i, image] of bytes.entries()) {
        const given = answers.map((of) => of[i]);
        if (images.length === most || given.every((answer) => answer === given[0])) continue;
        // Networks of renamed labels know other names than the test set.
        const label = config.dataset.permuteLabels ? null : labels[numbers[i]];
        images.push({ pixels: image.map((value) => value / 255), label, answers: given });
      }
      looked += numbers.length;
      // Others may have asked for something meanwhile.
      await new Promise((resolve) => setTimeout(resolve));
    }
    return { images, looked, count };
  }

  async #testSet({ dataset: { name, sha256 } }: RunConfig): Promise<Examples> {
    for (const key of this.#tests.keys()) if (key !== sha256) this.#tests.delete(key);
    return await this.#tests.get(sha256, async () => {
      const { sets, record } = await loadHere(this.storage, choiceFor(name), null, () => {});
      if (record.sha256 === sha256) return sets.test;
      throw new InputError(
        "the examples that these networks were trained on are not in this browser: bring them " +
          "here as for a training, or draw a digit",
      );
    });
  }

  #network(asked: AskedNetwork): Promise<LoadedNetwork> {
    return this.#networks.get(keyOf(asked), () => this.#load(asked));
  }

  async #load({ folder, isTrained }: AskedNetwork): Promise<LoadedNetwork> {
    const config = await this.configOf(folder);
    const hasBiases = parametersOf(config.network.layers).some(({ isPrunable }) => !isPrunable);
    const [weights, biases] = isTrained
      ? [paths.final, paths.finalBiases]
      : [paths.initial, paths.initialBiases];
    return {
      config,
      weights: await restoreNetwork(this.storage, weights(folder)),
      biases: hasBiases ? await restoreNetwork(this.storage, biases(folder)) : {},
    };
  }
}

/** @param images bytes of each, 0 to 255 */
function probabilitiesOf(
  { config, weights, biases }: LoadedNetwork,
  images: readonly ArrayLike<number>[],
): number[][] {
  const { normalization, statistics } = config.dataset;
  const inputs = images.map((bytes) => normalizeImage(bytes, normalization, statistics));
  return predict(config.network.layers, weights, biases, inputs);
}

const greatest = (values: readonly number[]) => values.indexOf(Math.max(...values));
