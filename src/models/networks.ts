/** NETWORKS, the table of the networks that protocols train. */

import type { LayerSpec } from "../engine/layer_spec.ts";
import { type HiddenLayer, layerText, parseHidden } from "./hidden_layers.ts";
import { hiddenText } from "./layers.ts";

/** A network; its output layer has one unit per class. */
export interface NetworkRow {
  /** The hidden ReLU layers. */
  hidden: readonly HiddenLayer[];
  /** Fraction of its live weights that a convolution loses per level. */
  convPercent?: number;
  /** Where it is from. */
  source: string;
}

const PAPER = "Frankle & Carbin 2019, section 3 (after VGG: Simonyan & Zisserman 2014)";

export const NETWORKS = {
  "lenet-300-100": { hidden: [300, 100], source: "LeCun et al. 1998; the paper, section 2" },
  // 431,080 parameters, 430,500 of them weights.
  "lenet-5": {
    hidden: parseHidden("conv5x5v:20,pool,conv5x5v:50,pool,500"),
    convPercent: 0.2,
    source: "LeCun et al. 1998, as Caffe's and the pruning literature's (Han et al. 2015)",
  },
  "conv-2": { hidden: parseHidden("conv3x3:64,conv3x3:64,pool,256,256"), source: PAPER },
  "conv-4": {
    hidden: parseHidden("conv3x3:64,conv3x3:64,pool,conv3x3:128,conv3x3:128,pool,256,256"),
    source: PAPER,
  },
  "conv-6": {
    hidden: parseHidden(
      "conv3x3:64,conv3x3:64,pool,conv3x3:128,conv3x3:128,pool,conv3x3:256,conv3x3:256,pool," +
        "256,256",
    ),
    convPercent: 0.15,
    source: PAPER,
  },
} as const satisfies Record<string, NetworkRow>;

/** Name of one of them. */
export type NetworkName = keyof typeof NETWORKS;

/** All names. */
export const NETWORK_NAMES = Object.keys(NETWORKS) as NetworkName[];

/**
 * The name of the network that some layers are, by its hidden ones; null if it is none of these.
 */
export function nameOfNetwork(layers: readonly LayerSpec[]): NetworkName | null {
  const text = hiddenText(layers);
  const isIt = (name: NetworkName) => text === NETWORKS[name].hidden.map(layerText).join("-");
  return NETWORK_NAMES.find(isIt) ?? null;
}
