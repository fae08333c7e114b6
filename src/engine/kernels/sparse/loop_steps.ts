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

/** Steps of a permutation's walk (permute.wgsl), eight times as many as it takes on average. */
const WALK_STEPS = 16 * 10;

/**
 * Steps of an iteration in the kernel that does whole ones (sparse_iterations.wgsl), whose layers
 * are dense: as if one vector of lanes went through all lists.
 *
 * @param lanes of its workgroup
 */
export function iterationSteps(
  layers: readonly LayerSpec[],
  live: readonly number[],
  batchSize: number,
  lanes: number,
): number {
  const { columns, tiles } = columnsFor(batchSize), all = columns * tiles;
  const listed = listedLayers(layers), classes = listed.at(-1)!.units;
  const each = (items: number) => Math.ceil(items / lanes);
  // A list has its own step, an end, a bias, a last group; so have its columns, where they are more
  // than the lanes take at once.
  const lists = (count: number, groups: number) =>
    tiles * Math.ceil(columns / Math.min(lanes, columns)) * (4 * count + groups) + 1;
  const products = listed.reduce(
    (sum, { units, sources }, l) =>
      sum + lists(units, live[l] / 4) + (l === 0 ? 0 : lists(sources, live[l] / 2)),
    0,
  );
  // Two walks find an example, a step of the words' loop takes four features of four.
  const gather = each(4 * all) * (1 + 2 * WALK_STEPS) + each(all * Math.ceil(listed[0].inputs / 4));
  const loss = each(all) * (4 * classes + 5) + tiles * columns + 2 * columns;
  const updates = listed.reduce(
    (sum, { units }, l) => sum + each(live[l] / 4 + 2 * units) * (tiles * (columns + 4) + 2) + 1,
    0,
  );
  return Math.ceil(1 + products + gather + loss + updates + 8);
}
