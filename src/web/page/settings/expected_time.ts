/// <reference lib="dom" />
/**
 * How long settings will take here, before they are run: their arithmetic at the speed of this kind
 * of adapter, corrected by what earlier runs in this browser took.
 */

import {
  isConv2d,
  type LayerSpec,
  outputSize,
  weightedLayers,
  weightShape,
} from "../../../engine/layer_spec.ts";
import type { AdapterDescription } from "../../../engine/mod.ts";
import { networkLayers } from "../../../models/layers.ts";
import type { ValidSettings } from "./settings_form.ts";

/** What an experiment has to compute. */
export interface Work {
  /** Over all runs. */
  iterations: number;
  /** Multiplications with their additions, over all runs. */
  products: number;
  /** What is fast on an adapter differs. */
  hasConvolutions: boolean;
}

/** Seconds of an iteration beside its arithmetic, and products per second. */
interface Speed {
  overhead: number;
  dense: number;
  convolutions: number;
}

/** Of Chromium's SwiftShader on two cores, measured; and of a small graphics card, a guess. */
const SOFTWARE: Speed = { overhead: 2e-3, dense: 4e9, convolutions: 4e9 };
const CARD: Speed = { overhead: 1e-3, dense: 2e11, convolutions: 2e11 };

/** Examples of the digits, and of CIFAR-10: training and validation, test. */
const DIGITS = { train: 60_000, test: 10_000, shape: [28, 28], classes: 10 };
const PHOTOS = { train: 50_000, test: 10_000, shape: [32, 32, 3], classes: 10 };

/** Products of one example's way through a network. */
export function productsOf(layers: readonly LayerSpec[]): number {
  return weightedLayers(layers).reduce((sum, layer) => {
    const { inputs, units } = weightShape(layer);
    return sum + inputs * units * (isConv2d(layer) ? outputSize(layer) / units : 1);
  }, 0);
}

/**
 * The work of settings; null where the network does not fit the images.
 *
 * @param oneShot is not told apart: it trains at most as many levels
 */
export function workOf({ values, protocol }: ValidSettings): Work | null {
  const { levels, trials, trainingLength, batchSize, validationSize, layers } = protocol;
  const isOfPhotos = values.dataset === "cifar-10" ||
    values.dataset === "auto" && protocol.dataset === "cifar-10";
  const { train, test, shape, classes } = isOfPhotos ? PHOTOS : DIGITS;
  let network: LayerSpec[];
  try {
    network = networkLayers(layers, shape, classes);
  } catch {
    return null; // The run says what does not fit.
  }
  const length = "iterations" in trainingLength
    ? trainingLength.iterations
    : trainingLength.epochs * Math.ceil((train - validationSize) / batchSize);
  const runs = trials.length * (levels + 1 + (values.control && levels > 0 ? 1 : 0));
  const looks = (every: number, examples: number) => (1 + Math.ceil(length / every)) * examples;
  // A gradient costs as much as two passes forward.
  const examples = 3 * length * batchSize + looks(protocol.testInterval, test) +
    looks(protocol.validateInterval, validationSize);
  return {
    iterations: runs * length,
    products: runs * examples * productsOf(network),
    hasConvolutions: network.some(isConv2d),
  };
}

/** Seconds that work is expected to take on an adapter of which nothing is known. */
function predicted(work: Work, { isSoftware }: AdapterDescription): number {
  const { overhead, dense, convolutions } = isSoftware ? SOFTWARE : CARD;
  return overhead * work.iterations +
    work.products / (work.hasConvolutions ? convolutions : dense);
}

const keyOf = ({ name }: AdapterDescription, { hasConvolutions }: Work) =>
  `speed ${hasConvolutions ? "convolutions" : "dense"} ${name}`;

/** Where measured speeds are kept. */
type Kept = Pick<Storage, "getItem" | "setItem">;

/** Seconds that work is expected to take. */
export function expectedSeconds(work: Work, adapter: AdapterDescription, kept: Kept | null) {
  const factor = Number(kept?.getItem(keyOf(adapter, work)));
  return predicted(work, adapter) * (factor > 0 && Number.isFinite(factor) ? factor : 1);
}

/** Keeps how long work took. */
export function keepSeconds(
  work: Work,
  adapter: AdapterDescription,
  seconds: number,
  kept: Kept | null,
): void {
  const factor = seconds / predicted(work, adapter);
  if (factor > 0 && Number.isFinite(factor)) kept?.setItem(keyOf(adapter, work), `${factor}`);
}

/** The browser's own storage; null where it keeps none for this page. */
export function keptSpeeds(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

/** "about 40 seconds", "about 3 hours". */
export function aboutText(seconds: number): string {
  if (seconds < 8) return "a few seconds";
  if (seconds < 100) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `about ${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  return hours < 72 ? `about ${hours} hours` : `about ${Math.round(hours / 24)} days`;
}
