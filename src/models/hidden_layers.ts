/**
 * The notation of hidden layers, as `--layers` has it: `300,100`, or `conv5x5v:20,pool,500`. Layers
 * are ReLU layers of no fixed input; layers.ts makes a network of them.
 */

import type { Conv2dSpec, Extent, LayerSpec, PoolSpec } from "../engine/layer_spec.ts";
import { InputError } from "../errors.ts";

/** A hidden layer: the width of a dense one, a convolution, or pooling. */
export type HiddenLayer = number | HiddenConv | HiddenPool;

/** A convolution. */
export type HiddenConv = Readonly<
  Pick<Conv2dSpec, "kind" | "kernel" | "stride" | "padding" | "filters">
>;

/** Pooling over windows, or over the whole image. */
export type HiddenPool =
  | Readonly<Pick<PoolSpec, "kind" | "size" | "stride">>
  | { readonly kind: "globalAvgPool2d" };

/** The most units of a layer, filters, or pixels of a window's side. */
const MOST = 1e6;

/** Windows of the pooling that says no size. */
const USUAL_POOL = 2;

/** The notation in words, to complete "expects" and "use". */
export const NOTATION = "hidden layers such as 300,100 or conv5x5v:20,pool,500 (convHxW:filters, " +
  'with v for padding "valid", then sN for stride N, poolN, avgpoolN, gap, and widths)';

/** The hidden layer that a text names; null if it is none. */
export function parseLayer(text: string): HiddenLayer | null {
  if (/^\d+$/.test(text)) return inRange(text);
  if (text === "gap") return { kind: "globalAvgPool2d" };
  const pool = /^(avg)?pool(\d+)?$/.exec(text);
  if (pool) {
    const size = inRange(pool[2] ?? `${USUAL_POOL}`);
    if (size === null) return null;
    const kind = pool[1] ? "avgPool2d" : "maxPool2d";
    return { kind, size: [size, size], stride: [size, size] };
  }
  const conv = /^conv(\d+)x(\d+)(v?)(?:s(\d+))?:(\d+)$/.exec(text);
  if (conv === null) return null;
  const [height, width, stride, filters] = [conv[1], conv[2], conv[4] ?? "1", conv[5]].map(inRange);
  if (!height || !width || !stride || !filters) return null;
  return {
    kind: "conv2d",
    kernel: [height, width],
    stride: [stride, stride],
    padding: conv[3] ? "valid" : "same",
    filters,
  };
}

/**
 * The hidden layers of a text in the notation.
 *
 * @throws InputError if it is none
 */
export function parseHidden(text: string): HiddenLayer[] {
  return text.split(",").map((part) => {
    const layer = parseLayer(part);
    if (layer !== null) return layer;
    throw new InputError(`layers "${text}": "${part}" is not a layer; use ${NOTATION}`);
  });
}

/** A hidden layer in the notation; what has none, such as the stride of pooling, too. */
export function layerText(layer: HiddenLayer): string {
  if (typeof layer === "number") return `${layer}`;
  if (layer.kind === "globalAvgPool2d") return "gap";
  const { stride } = layer;
  if (layer.kind === "conv2d") {
    const padding = layer.padding === "valid" ? "v" : "";
    const steps = stride.every((step) => step === 1) ? "" : `s${short(stride)}`;
    return `conv${layer.kernel.join("x")}${padding}${steps}:${layer.filters}`;
  }
  const { size } = layer, isSideBySide = size.every((side, axis) => side === stride[axis]);
  const window = size.every((side) => side === USUAL_POOL) ? "" : short(size);
  const steps = isSideBySide ? "" : `s${short(stride)}`;
  return `${layer.kind === "avgPool2d" ? "avgpool" : "pool"}${window}${steps}`;
}

/** A layer of a network, whatever its input. */
export function hiddenOf(layer: LayerSpec): HiddenLayer {
  if (layer.kind === undefined) return layer.units;
  if (layer.kind === "conv2d") {
    const { kind, kernel, stride, padding, filters } = layer;
    return { kind, kernel, stride, padding, filters };
  }
  const { kind, image, size, stride } = layer;
  const isWhole = kind === "avgPool2d" && size.every((side, axis) => side === image[axis]);
  return isWhole ? { kind: "globalAvgPool2d" } : { kind, size, stride };
}

/** Whether hidden layers need images: a convolution or pooling is among them. */
export function needsImages(hidden: readonly HiddenLayer[]): boolean {
  return hidden.some((layer) => typeof layer !== "number");
}

/** "2", "2x3". */
function short([along, across]: Extent): string {
  return along === across ? `${along}` : `${along}x${across}`;
}

function inRange(digits: string): number | null {
  const value = Number(digits);
  return value >= 1 && value <= MOST ? value : null;
}
