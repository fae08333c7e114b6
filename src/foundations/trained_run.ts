/** What training a run came to, and its early-stop point. */

import type { CurvePoint, Curves, KernelKind, LayerSpec } from "../engine/mod.ts";
import type { AdapterUse } from "./checkpoint.ts";
import type { Masks } from "./masks.ts";
import type { Network } from "./network.ts";

/** A trained run. */
export interface TrainedRun {
  /** The shape of the network. */
  layers: LayerSpec[];
  /** Weights before training, (inputs, units) by layer. */
  initial: Network;
  /** Biases before training, (units) by layer. */
  initialBiases: Network;
  /** Weights after training. */
  final: Network;
  /** Biases after training. */
  finalBiases: Network;
  /** Masks that it was trained with. */
  masks: Masks;
  /** How many updates were made. */
  iterations: number;
  /** What the network was to the kernels that trained it. */
  kernels: KernelKind;
  /** The adapters that trained it, each from an iteration on: one, unless it was resumed elsewhere. */
  adapters: AdapterUse[];
  /** Loss and accuracy by iteration. */
  curves: Curves;
}

/** The early-stop point of a run: that of the smallest validation loss, the first of equals. */
export function earlyStop(curves: Curves): CurvePoint | null {
  return curves.validate.reduce<CurvePoint | null>(
    (best, point) => best === null || point.loss < best.loss ? point : best,
    null,
  );
}
