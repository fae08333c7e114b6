/** How many loop steps an invocation of the sparse kernels takes at most: see ../loop_steps.ts. */

import { isConv2d, type LayerSpec, outputSize } from "../../layer_spec.ts";
import { TUNED } from "../tiles.ts";
import { listedLayers } from "./listed_layers.ts";
import { CHANNELS_EACH } from "./sparse_image_kernels.ts";
import { FUSED_CLASSES } from "./sparse_head_kernel.ts";
import { placesOf } from "./sparse_places.ts";
import { columnsFor } from "./sparse_row_kernels.ts";

/** Most units of a dense layer that an invocation computes, on any adapter. */
const MOST_UNITS = Math.max(...Object.values(TUNED).map(({ sparse }) => sparse.unitsEach));

/** The loops of a kernel: what it computes, in words, and its steps at most. */
export interface LoopSteps {
  what: string;
  steps: number;
}

/**
 * The longest loops of a sparse network's iteration.
 *
 * @param live by layer that has weights: the most live weights of a network
 */
export function longestLoops(
  layers: readonly LayerSpec[],
  live: readonly number[],
  batchSize: number,
): LoopSteps {
  const { columns, tiles } = columnsFor(batchSize), classes = outputSize(layers.at(-1)!);
  const listed = listedLayers(layers);
  const loops = listed.flatMap((layer, l): LoopSteps[] => {
    const places = placesOf(layer), isLast = l === listed.length - 1;
    // The lists of an invocation, as long as they can be; each has a bias, an end, a last group.
    const each = isConv2d(layer.spec) ? CHANNELS_EACH : MOST_UNITS;
    const lists = (count: number, longest: number, entries: number) =>
      Math.min(count, each) * 4 + Math.min(live[l], Math.min(count, each) * longest) / entries;
    const forward = lists(layer.units, layer.inputs, 4);
    const fed = layer.units * Math.ceil(layer.inputs / layer.sources);
    const backward = l === 0 ? 0 : lists(layer.sources, fed, 2);
    const head = classes > FUSED_CLASSES || !isLast
      ? 0
      : 8 * classes + live[l] / 4 + 3 * layer.sources + live[l] / 2;
    return [
      { what: `the gradient of ${layer.name}`, steps: tiles * (2 + 2 * places + places * columns) },
      { what: `the outputs of ${layer.name}`, steps: Math.ceil(forward) },
      { what: `the gradient below ${layer.name}`, steps: Math.ceil(backward) },
      { what: `the loss of ${layer.name}`, steps: Math.ceil(tiles * head) },
    ];
  });
  return loops.reduce((a, b) => b.steps > a.steps ? b : a);
}

/**
 * Steps of the kernel that trains the two last layers of a network at once (sparse_top.wgsl): their
 * lists forward, then backward, as long as they can be.
 */
export function topSteps(layers: readonly LayerSpec[], live: readonly number[]): number {
  const [hidden, last] = listedLayers(layers).slice(-2), [below, above] = live.slice(-2);
  return 4 * (2 * hidden.units + 8 * last.units + hidden.sources) +
    Math.ceil((below + above) * (1 / 4 + 1 / 2));
}
