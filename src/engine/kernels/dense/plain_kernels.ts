/** Kernels in their plainest form, to read before the tuned ones of `matmul_kernels.ts`. */

import plainMatmul from "../../../../shaders/masked_matmul_plain.wgsl" with { type: "text" };
import type { DenseSpec } from "../../layer_spec.ts";
import { type KernelSource, read, write } from "../kernel.ts";
import { activationWgsl } from "../activation_wgsl.ts";

const LANES = 64;

/** outputs = activation(inputs · (weights ⊙ mask) + biases), with matrices as on the CPU. */
export function plainForwardSource(
  layer: DenseSpec,
  { rows, replicas }: { rows: number; replicas: number },
  buffers: {
    inputs: GPUBuffer;
    weights: GPUBuffer;
    mask: GPUBuffer;
    biases: GPUBuffer;
    outputs: GPUBuffer;
  },
): KernelSource {
  const { inputs, weights, mask, biases, outputs } = buffers;
  return {
    label: `plain forward ${layer.name}`,
    template: [activationWgsl(layer.activation), plainMatmul].join("\n"),
    constants: { LANES, ROWS: rows, INPUTS: layer.inputs, UNITS: layer.units },
    bindings: [read(inputs), read(weights), read(mask), read(biases), write(outputs)],
    grid: [Math.ceil(layer.units / LANES), rows, replicas],
  };
}
