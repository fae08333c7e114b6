/**
 * The sources of the kernels that compute in dual numbers (value, tangent), one function each: the
 * gradient of the loss and its derivative along a direction. Plain kernels: they run a few times
 * per network. The header of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../shaders/common.wgsl" with { type: "text" };
import dualBackward from "../../../shaders/dual_backward.wgsl" with { type: "text" };
import dualForward from "../../../shaders/dual_forward.wgsl" with { type: "text" };
import dualGradient from "../../../shaders/dual_gradient.wgsl" with { type: "text" };
import dualIndex from "../../../shaders/dual_index.wgsl" with { type: "text" };
import dualLoss from "../../../shaders/dual_loss.wgsl" with { type: "text" };
import type { Activation, DenseSpec } from "../layer_spec.ts";
import { type KernelSource, read, write } from "./kernel.ts";
import { activationWgsl } from "./activation_wgsl.ts";

/** Invocations of a workgroup. */
export const LANES = 64;

/** Outputs of one invocation. */
export const TILE = 4;

/** Most workgroups in one dimension of a grid: what WebGPU promises. */
const MOST_GROUPS = 65_535;

/** A grid for so many invocations, numbered as in dual_index.wgsl. */
export function dualGrid(invocations: number): [number, number, number] {
  const groups = Math.ceil(invocations / LANES), columns = Math.min(groups, MOST_GROUPS);
  return [columns, Math.ceil(groups / columns), 1];
}

/** outputs = activation(inputs · weights + biases). */
export function dualForwardSource(
  { name, inputs, units, activation }: DenseSpec,
  rows: number,
  buffers: { inputs: GPUBuffer; weights: GPUBuffer; biases: GPUBuffer; outputs: GPUBuffer },
): KernelSource {
  return {
    label: `dual forward ${name}`,
    template: [activationWgsl(activation), dualIndex, dualForward].join("\n"),
    constants: { LANES, TILE, ROWS: rows, INPUTS: inputs, UNITS: units },
    bindings: [
      read(buffers.inputs),
      read(buffers.weights),
      read(buffers.biases),
      write(buffers.outputs),
    ],
    grid: dualGrid(Math.ceil(rows / TILE) * units),
  };
}

/** Softmax cross-entropy and the gradient at the logits, of `rows` of a batch of `batch`. */
export function dualLossSource(
  { rows, batch, classes }: { rows: number; batch: number; classes: number },
  buffers: { logits: GPUBuffer; labels: GPUBuffer; deltas: GPUBuffer; losses: GPUBuffer },
): KernelSource {
  return {
    label: "dual loss",
    template: [common, dualLoss].join("\n"),
    constants: { LANES, ROWS: rows, BATCH: batch, CLASSES: classes },
    bindings: [
      read(buffers.logits),
      read(buffers.labels),
      write(buffers.deltas),
      write(buffers.losses),
    ],
    grid: [Math.ceil(rows / LANES), 1, 1],
  };
}

/** Gradient at the pre-activations of the layer below, whose activation is `activation`. */
export function dualBackwardSource(
  { name, inputs, units }: DenseSpec,
  activation: Activation,
  rows: number,
  buffers: { deltas: GPUBuffer; weights: GPUBuffer; activations: GPUBuffer; below: GPUBuffer },
): KernelSource {
  return {
    label: `dual backward ${name}`,
    template: [activationWgsl(activation), dualIndex, dualBackward].join("\n"),
    constants: { LANES, TILE, ROWS: rows, INPUTS: inputs, UNITS: units },
    bindings: [
      read(buffers.deltas),
      read(buffers.weights),
      read(buffers.activations),
      write(buffers.below),
    ],
    grid: dualGrid(Math.ceil(rows / TILE) * inputs),
  };
}

/** gradients += inputsᵀ · deltas. */
export function dualGradientSource(
  { name, inputs, units }: DenseSpec,
  rows: number,
  buffers: { inputs: GPUBuffer; deltas: GPUBuffer; gradients: GPUBuffer },
): KernelSource {
  return {
    label: `dual gradient ${name}`,
    template: [dualIndex, dualGradient].join("\n"),
    constants: { LANES, TILE, ROWS: rows, INPUTS: inputs, UNITS: units },
    bindings: [read(buffers.inputs), read(buffers.deltas), write(buffers.gradients)],
    grid: dualGrid(Math.ceil(inputs / TILE) * units),
  };
}
