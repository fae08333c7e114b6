/**
 * Checks the parameters of a program's replica, and packs those that kernels read as a struct.
 */

import { InputError } from "../../errors.ts";
import { layerMatrices, type LayerMatrix } from "../kernels/layout.ts";
import {
  classesOf,
  type NetworkState,
  type ProgramSpec,
  type ReplicaParameters,
} from "../kernels/program_spec.ts";
import { REPLICA_WORDS } from "../kernels/row_kernels.ts";
import { checkLearningRate, checkWeightDecay } from "../optimizers.ts";

/** @throws InputError if a replica's parameters, or the state it continues from, do not fit */
export function checkReplica(
  spec: ProgramSpec,
  { layers, labelMap, learningRate, weightDecay = 0, keepsPruned }: ReplicaParameters,
  state: NetworkState | null,
): void {
  layerMatrices(spec.layers).forEach((layer, i) => {
    checkLength(layer, "mask", layers[i].mask, layer.inputs * layer.units);
    const values = state ? [state.layers[i], ...state.layers[i].optimizer] : [layers[i]];
    for (const { weights, biases } of values) {
      checkLength(layer, "weights", weights, layer.inputs * layer.units);
      checkLength(layer, "biases", biases, layer.units);
    }
  });
  if (typeof learningRate === "number") checkLearningRate(learningRate);
  checkWeightDecay(weightDecay);
  if (spec.sparse && weightDecay > 0) {
    throw new InputError(
      `weight decay ${weightDecay}: kernels on lists of live weights do not decay the weights of ` +
        "units that nothing uses; use the dense ones (--kernels dense or auto)",
    );
  }
  if (spec.sparse && keepsPruned) {
    throw new InputError(
      "pruned weights that keep their initial values: kernels on lists of live weights do not " +
        "hold them; use the dense ones (--kernels dense or auto)",
    );
  }
  const classes = classesOf(spec), stray = labelMap?.find((label) => label >= classes);
  if (stray !== undefined) {
    throw new InputError(`label map: holds ${stray}, but labels are from 0 to ${classes - 1}`);
  }
}

/** The `Replica` struct of a replica (see shaders/common.wgsl). */
export function replicaWords(
  { orderKey, splitKey, augmentKey, labelMap }: ReplicaParameters,
): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(REPLICA_WORDS);
  words.set(orderKey, 0);
  if (splitKey) words.set([...splitKey, 1], 2);
  for (let label = 0; label < 256; label++) {
    words[6 + label] = labelMap?.[label] ?? label;
  }
  words.set(augmentKey ?? [0, 0], 6 + 256);
  return words;
}

function checkLength(
  layer: LayerMatrix,
  what: string,
  values: Float32Array,
  expected: number,
): void {
  if (values.length !== expected) {
    throw new InputError(
      `${layer.name}: ${what} has ${values.length} values, expected ${expected}; ` +
        `pass arrays for ${layer.inputs} inputs and ${layer.units} units`,
    );
  }
}
