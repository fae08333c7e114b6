/**
 * The work of an iteration of sparse networks in the kernel that does whole ones
 * (shaders/sparse_iterations.wgsl), counted from their lists, for expectations and profiles.
 */

import type { Work } from "../kernel.ts";
import type { SparseLayout } from "./sparse_layout.ts";
import type { Columns } from "./sparse_row_kernels.ts";

/** Bytes of a vec4. */
const VECTOR = 16;
/** Loads of a loop that are under way at once, where they do not wait for one another. */
const AT_ONCE = 4;
/** Loads that find an example, or follow one another to a word of it, or end with a metric. */
const FIND = 4, WORD = 2, METRICS = 2;

/** Counts of all lists of a replica's layer, by entries of `records`. */
interface Lists {
  /** Of each list: groups of a list of units, pairs of a list of inputs. */
  lengths: number[];
  all: number;
}

function listsOf({ records }: SparseLayout, first: number, count: number): Lists {
  const lengths = Array.from({ length: count }, (_, i) => {
    const at = 4 * (first + i);
    return records[at + 1] - records[at];
  });
  return { lengths, all: lengths.reduce((sum, n) => sum + n, 0) };
}

/**
 * The work of an iteration.
 *
 * - flops: a multiplication and an addition for each entry of a list, forward and backward, and for
 *   each weight's gradient, of each example of the padded batch
 * - bytes: lists, weights, moments, examples, activations and gradients once, each
 * - loads: those that wait for one another, barriers among them, of the lane with most: the record
 *   of a group, then its inputs
 * - lane bytes: those that lanes load, one of several that load the same counted
 */
export function iterationWork(
  layout: SparseLayout,
  { columns, tiles }: Columns,
  { lanes, across, states }: { lanes: number; across: number; states: number },
): Work {
  const { layers, replicas, words, unitLists, inputLists } = layout, all = columns * tiles;
  const perWords = words.length / replicas, perRound = Math.max(1, Math.floor(lanes / across));
  const rounds = (items: number) => Math.ceil(items / lanes);
  let flops = 0, bytes = 0, loaded = 0, longest = 0;
  for (let r = 0; r < replicas; r++) {
    const liveWords = words[r * perWords], { units: classes } = layers[layers.length - 1];
    let inTurn = FIND * rounds(4 * all) + WORD * rounds(liveWords * all) +
      rounds(all) * 4 * Math.ceil(classes / AT_ONCE) + METRICS;
    // One after the finding, the gathering, the loss, the update, and each product.
    inTurn += 4 + 2 * layers.length - 1;
    // Four examples of a byte, read and written as floats; labels.
    bytes += liveWords * all * (4 * 4 + 4 * VECTOR) + 4 * 4 * all;
    loaded += liveWords * all * 4 * 4;
    /** A lane's lists, one after the other: `ends` loads of each beside those of its groups. */
    const product = ({ lengths }: Lists, ends: number) => {
      const slots = new Array<number>(perRound).fill(0);
      lengths.forEach((length, i) => slots[i % perRound] += length && ends + 2 * length);
      inTurn += tiles * Math.max(...slots);
    };
    layers.forEach((layer, l) => {
      const ofUnits = listsOf(layout, unitLists[l] + r * layer.units, layer.units);
      const groups = ofUnits.all;
      product(ofUnits, 1);
      flops += 2 * 4 * groups * 4 * all;
      loaded += groups * (4 * VECTOR * all + 2 * VECTOR);
      if (l > 0) {
        const ofInputs = listsOf(layout, inputLists[l] + r * layer.sources, layer.sources);
        product(ofInputs, 2);
        flops += 2 * 2 * ofInputs.all * 4 * all;
        loaded += ofInputs.all * (2 * VECTOR * all + 3 * VECTOR) + layer.sources * VECTOR * all;
        bytes += VECTOR * ofInputs.all;
      }
      flops += 2 * 4 * groups * 4 * all;
      loaded += groups * (5 * VECTOR * all + (3 + states) * VECTOR);
      inTurn += rounds(groups) * (2 + Math.ceil(all / AT_ONCE));
      // Two vec4s of a group's record, its weights and moments there and back.
      bytes += groups * VECTOR * (2 + 2 + 2 * states);
      // Outputs and gradients of the units that have lists, written and read.
      bytes += 4 * VECTOR * all * ofUnits.lengths.filter((length) => length > 0).length;
    });
    longest = Math.max(longest, inTurn);
  }
  return { flops, bytes, loads: longest, laneBytes: loaded };
}
