/**
 * The sources of the kernels of convolutions and pools in dual numbers, one function each, as plain
 * as those of dense layers (dual_kernels.ts). The header of each file of `shaders/` gives shapes
 * and meaning.
 */

import dualConvBackward from "../../../../shaders/dual_conv_backward.wgsl" with { type: "text" };
import dualConvForward from "../../../../shaders/dual_conv_forward.wgsl" with { type: "text" };
import dualConvGradient from "../../../../shaders/dual_conv_gradient.wgsl" with { type: "text" };
import dualIndex from "../../../../shaders/dual_index.wgsl" with { type: "text" };
import dualPoolBackward from "../../../../shaders/dual_pool_backward.wgsl" with { type: "text" };
import dualPoolForward from "../../../../shaders/dual_pool_forward.wgsl" with { type: "text" };
import { type Activation, type Conv2dSpec, outputSize, type PoolSpec } from "../../layer_spec.ts";
import { dualGrid, LANES, TILE } from "../dual_kernels.ts";
import { convSizes, poolSizes } from "./image_sizes.ts";
import { type KernelSource, read, write } from "../kernel.ts";
import { activationWgsl } from "../activation_wgsl.ts";

/** outputs = activation(inputs ∗ weights + biases). */
export function dualConvForwardSource(
  layer: Conv2dSpec,
  rows: number,
  buffers: { inputs: GPUBuffer; weights: GPUBuffer; biases: GPUBuffer; outputs: GPUBuffer },
): KernelSource {
  const constants = constantsOf(layer, rows);
  return {
    label: `dual forward ${layer.name}`,
    template: [activationWgsl(layer.activation), dualIndex, dualConvForward].join("\n"),
    constants,
    bindings: [
      read(buffers.inputs),
      read(buffers.weights),
      read(buffers.biases),
      write(buffers.outputs),
    ],
    grid: dualGrid(rows * constants.OUT_PIXELS * constants.FILTER_TILES),
  };
}

/** Gradient at the pre-activations of the layer below, whose activation is `activation`. */
export function dualConvBackwardSource(
  layer: Conv2dSpec,
  activation: Activation,
  rows: number,
  buffers: { deltas: GPUBuffer; weights: GPUBuffer; activations: GPUBuffer; below: GPUBuffer },
): KernelSource {
  const constants = constantsOf(layer, rows);
  return {
    label: `dual backward ${layer.name}`,
    template: [activationWgsl(activation), dualIndex, dualConvBackward].join("\n"),
    constants,
    bindings: [
      read(buffers.deltas),
      read(buffers.weights),
      read(buffers.activations),
      write(buffers.below),
    ],
    grid: dualGrid(rows * constants.IN_PIXELS * constants.CHANNEL_TILES),
  };
}

/** gradients += those of the weights. */
export function dualConvGradientSource(
  layer: Conv2dSpec,
  rows: number,
  buffers: { inputs: GPUBuffer; deltas: GPUBuffer; gradients: GPUBuffer },
): KernelSource {
  const constants = constantsOf(layer, rows);
  return {
    label: `dual gradient ${layer.name}`,
    template: [dualIndex, dualConvGradient].join("\n"),
    constants,
    bindings: [read(buffers.inputs), read(buffers.deltas), write(buffers.gradients)],
    grid: dualGrid(constants.TAPS * constants.CHANNELS * constants.FILTER_TILES),
  };
}

/** outputs = the maximum or mean of each window. */
export function dualPoolForwardSource(
  layer: PoolSpec,
  rows: number,
  { inputs, outputs }: { inputs: GPUBuffer; outputs: GPUBuffer },
): KernelSource {
  return {
    label: `dual forward ${layer.name}`,
    template: [dualIndex, dualPoolForward].join("\n"),
    constants: { ...poolSizes(layer), LANES, ROWS: rows, CHANNELS: layer.image[2] },
    bindings: [read(inputs), write(outputs)],
    grid: dualGrid(rows * outputSize(layer)),
  };
}

/** Gradient at the pre-activations of the layer below, whose activation is `activation`. */
export function dualPoolBackwardSource(
  layer: PoolSpec,
  activation: Activation,
  rows: number,
  buffers: { deltas: GPUBuffer; activations: GPUBuffer; below: GPUBuffer },
): KernelSource {
  const sizes = poolSizes(layer), channels = layer.image[2];
  return {
    label: `dual backward ${layer.name}`,
    template: [activationWgsl(activation), dualIndex, dualPoolBackward].join("\n"),
    constants: { ...sizes, LANES, ROWS: rows, CHANNELS: channels },
    bindings: [read(buffers.deltas), read(buffers.activations), write(buffers.below)],
    grid: dualGrid(rows * sizes.IN_PIXELS * channels),
  };
}

function constantsOf(layer: Conv2dSpec, rows: number) {
  const { image: [, , channels], filters } = layer;
  return {
    ...convSizes(layer),
    LANES,
    TILE,
    ROWS: rows,
    CHANNELS: channels,
    FILTERS: filters,
    CHANNEL_TILES: Math.ceil(channels / TILE),
    FILTER_TILES: Math.ceil(filters / TILE),
  };
}
