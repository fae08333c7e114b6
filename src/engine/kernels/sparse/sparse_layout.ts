/**
 * Compresses the live weights of R networks of one shape, whose masks stay fixed while they train:
 * makes the lists for the sparse kernels, and moves values between them and the dense matrices that
 * everything else uses.
 *
 * A unit's list names its live inputs in rising order, its bias last (as an input that is always
 * 1), four to a group; groups follow one another by layer, replica and unit. Group 0 is empty, so
 * slot 0 always holds the value 0. An input's list (all layers but the first) names the units that
 * it feeds and the slots of their values, two to a pair: in a sparse network an input feeds few
 * units.
 *
 * A convolution has the lists of one place of its kernel, which are the same at all others: rows
 * there are relative to the first row of the image, or of the gradient, at that place. Its units
 * are filters, its inputs channels; where the stride is not 1, only some taps reach a pixel, so a
 * channel has a list for each remainder of the pixel's place (a class).
 *
 * A unit of a dense layer that nothing above it uses is left out with all its weights: its gradient
 * is exactly 0. So are the weights on a unit that is always 0, for want of live inputs and a bias.
 */

import { inputSize, isDense, type LayerSpec } from "../../layer_spec.ts";
import { type FeatureMap, featureMaps, featureRows, onesRow, WORD } from "./feature_maps.ts";
import { inputRows, type ListedLayer, listedLayers, sourceOf } from "./listed_layers.ts";
import type { LayerValues } from "../program_spec.ts";

/** Entries of a group: a vec4. */
const GROUP = 4;
/** u32 words of a vec4u. */
const VECTOR = 4;

/** The live weights of R networks of one shape, as lists. */
export interface SparseLayout {
  /** Those that have weights. */
  layers: ListedLayer[];
  /** How the batch lies. */
  batch: FeatureMap;
  replicas: number;
  /** Groups of the lists of units, the empty one included: slots are theirs. */
  groups: number;
  /**
   * vec4u each: (first, end) of every list; two for every group of the lists of units: rows of four
   * inputs; unit, replica, entries in use, layer; one for every pair of the lists of inputs: unit,
   * slot, unit, slot. The lists of inputs count their firsts in vec4s after the lists.
   */
  records: Uint32Array<ArrayBuffer>;
  /** Lists in all. */
  lists: number;
  /** By layer: its first list of units; (R, units) of them. */
  unitLists: number[];
  /** By layer: its first list of inputs; (R, classes, sources), none for the first layer. */
  inputLists: number[];
  /** (R, words + 1): how many words of four inputs of the first layer count, then which. */
  words: Uint32Array<ArrayBuffer>;
}

/** Compresses; `masks` by replica and layer, (inputs, units) each, are 0 where pruned. */
export function sparseLayout(
  network: readonly LayerSpec[],
  masks: readonly (readonly Float32Array[])[],
): SparseLayout {
  const layers = listedLayers(network);
  const kept = masks.map((ofReplica) => keptWeights(layers, ofReplica));
  const ofUnits = new ListBuilder(), ofInputs = new ListBuilder();
  const unitLists: number[] = [], inputLists: number[] = [];
  ofUnits.addGroup([], []);
  layers.forEach((layer, l) => {
    const inputRow = inputRows(layer), source = sourceOf(layer), ones = onesRow(layer.from.rows);
    unitLists.push(ofUnits.lists);
    inputLists.push(ofInputs.lists);
    kept.forEach((ofReplica, r) => {
      const { isKept, isUsed } = ofReplica[l];
      /** By input: the units that it feeds, and the slots of their values. */
      const fed: [unit: number, slot: number][][] = Array.from(
        { length: l === 0 ? 0 : layer.classes * layer.sources },
        () => [],
      );
      for (let unit = 0; unit < layer.units; unit++) {
        const list: number[] = [], slot = GROUP * ofUnits.groups;
        for (let input = 0; input < layer.inputs; input++) {
          if (!isKept(input, unit)) continue;
          const at = slot + list.push(inputRow[input]) - 1;
          if (l === 0) continue;
          const { list: from, row } = source(input, unit);
          fed[from].push([row, at]);
        }
        if (layer.useBias && isUsed(unit)) list.push(ones);
        // An empty list stands for 0, which a sigmoid of nothing is not.
        if (list.length === 0 && isUsed(unit) && layer.activation === "sigmoid") {
          ofUnits.addEmpty([unit, r, 0, l]);
          continue;
        }
        ofUnits.add(list, (count) => [unit, r, count, l]);
      }
      for (const list of fed) ofInputs.addPairs(list);
    });
  });
  // Pairs come after the records of the groups.
  const shifted = ofInputs.ranges.map((at, i) => i % VECTOR < 2 ? at + 2 * ofUnits.groups : at);
  const [first] = network, isFlat = isDense(first), inputs = inputSize(first);
  const words = Math.ceil(inputs / WORD);
  return {
    layers,
    batch: featureMaps(network)[0],
    replicas: masks.length,
    groups: ofUnits.groups,
    records: Uint32Array.from(
      [ofUnits.ranges, shifted, ofUnits.records, ofInputs.records].flat(),
    ),
    lists: ofUnits.lists + ofInputs.lists,
    unitLists,
    inputLists: inputLists.map((first) => ofUnits.lists + first),
    words: Uint32Array.from(kept.flatMap(([{ isKept }]) => {
      // Of an image all pixels count: a kernel comes to each.
      const live = range(words).filter((word) =>
        !isFlat ||
        range(Math.min(WORD, inputs - WORD * word)).some((i) =>
          range(layers[0].units).some((unit) => isKept(WORD * word + i, unit))
        )
      );
      return [live.length, ...live, ...new Array(words - live.length).fill(0)];
    })),
  };
}

/**
 * Visits the entries of one replica's layer: their slots, inputs (the bias is one past the last),
 * units.
 */
function visitEntries(
  { layers, records, lists, unitLists }: SparseLayout,
  layer: number,
  replica: number,
  visit: (slot: number, input: number, unit: number) => void,
): void {
  const { units, inputs, from } = layers[layer], inputOf = new Uint32Array(featureRows(from.rows));
  inputRows(layers[layer]).forEach((row, input) => inputOf[row] = input);
  inputOf[onesRow(from.rows)] = inputs;
  const first = unitLists[layer] + replica * units;
  for (let unit = 0; unit < units; unit++) {
    const range = VECTOR * (first + unit);
    for (let group = records[range]; group < records[range + 1]; group++) {
      const at = VECTOR * (lists + 2 * group), count = records[at + VECTOR + 2];
      for (let i = 0; i < count; i++) {
        visit(GROUP * group + i, inputOf[records[at + i]], unit);
      }
    }
  }
}

/** Puts one replica's layer into its slots of `slots` (groups, 4). */
export function packSparse(
  layout: SparseLayout,
  layer: number,
  replica: number,
  { weights, biases }: LayerValues,
  slots: Float32Array,
): void {
  const { units, inputs } = layout.layers[layer];
  visitEntries(layout, layer, replica, (slot, input, unit) => {
    slots[slot] = input === inputs ? biases[unit] : weights[input * units + unit];
  });
}

/** The inverse of `packSparse`: overwrites what of the values has a slot. */
export function unpackSparse(
  layout: SparseLayout,
  layer: number,
  replica: number,
  slots: Float32Array,
  { weights, biases }: LayerValues,
): void {
  const { units, inputs } = layout.layers[layer];
  visitEntries(layout, layer, replica, (slot, input, unit) => {
    if (input === inputs) biases[unit] = slots[slot];
    else weights[input * units + unit] = slots[slot];
  });
}

/** The groups [first, end) of the units of layers from `from` to `to`, of all replicas. */
export function groupsOf(
  { layers, replicas, records, unitLists }: SparseLayout,
  from: number,
  to: number,
): [first: number, end: number] {
  const last = unitLists[to] + replicas * layers[to].units - 1;
  return [records[VECTOR * unitLists[from]], records[VECTOR * last + 1]];
}

/** Which weights of a layer have a slot, and which of its units matter to what is above. */
interface Kept {
  isKept(input: number, unit: number): boolean;
  isUsed(unit: number): boolean;
}

/** One network without the units of its dense layers that are unused or always 0. */
function keptWeights(layers: ListedLayer[], masks: readonly Float32Array[]): Kept[] {
  const last = layers.length - 1;
  /** Whether the units of layer l are the inputs of the next. */
  const isChain = (l: number) => isDense(layers[l].spec) && isDense(layers[l + 1].spec);
  /** By layer: whether an input can differ from 0. */
  const speaks: boolean[][] = [range(layers[0].inputs).map(() => true)];
  layers.forEach(({ inputs, units, activation, useBias }, l) => {
    if (l < last && !isChain(l)) {
      speaks.push(range(layers[l + 1].inputs).map(() => true));
      return;
    }
    const isZeroAtZero = activation !== "sigmoid";
    speaks.push(
      range(units).map((unit) =>
        useBias || !isZeroAtZero ||
        range(inputs).some((input) => speaks[l][input] && masks[l][input * units + unit] !== 0)
      ),
    );
  });
  /** By layer: whether a unit's output is used. */
  const used: boolean[][] = [];
  used[last] = range(layers[last].units).map(() => true);
  for (let l = last; l > 0; l--) {
    const { inputs, units } = layers[l];
    if (!isChain(l - 1)) {
      used[l - 1] = range(layers[l - 1].units).map(() => true);
      continue;
    }
    used[l - 1] = range(inputs).map((input) =>
      range(units).some((unit) => used[l][unit] && masks[l][input * units + unit] !== 0)
    );
  }
  return layers.map(({ units }, l) => ({
    isKept: (input, unit) =>
      used[l][unit] && speaks[l][input] && masks[l][input * units + unit] !== 0,
    isUsed: (unit) => used[l][unit],
  }));
}

/** Builds lists one after the other. */
class ListBuilder {
  groups = 0;
  lists = 0;
  readonly ranges: number[] = [];
  readonly records: number[] = [];

  /** Adds a list of rows; `second` returns the second vec4 of a group of `count` entries. */
  add(rows: number[], second: (count: number) => number[]): void {
    const begin = this.groups;
    for (let first = 0; first < rows.length; first += GROUP) {
      const some = rows.slice(first, first + GROUP);
      this.addGroup(some, second(some.length));
    }
    this.ranges.push(begin, this.groups, 0, 0);
    this.lists++;
  }

  /** Adds a list of one group without entries. */
  addEmpty(second: number[]): void {
    this.ranges.push(this.groups, this.groups + 1, 0, 0);
    this.addGroup([], second);
    this.lists++;
  }

  /** Adds a list of an input's (unit, slot). */
  addPairs(entries: readonly (readonly [unit: number, slot: number])[]): void {
    const begin = this.records.length / VECTOR;
    for (let i = 0; i < entries.length; i += 2) {
      const [unit, slot] = entries[i], [other, otherSlot] = entries[i + 1] ?? [unit, 0];
      this.records.push(unit, slot, other, otherSlot);
    }
    this.ranges.push(begin, this.records.length / VECTOR, 0, 0);
    this.lists++;
  }

  /** Padding repeats a row that is read anyway; its slot holds 0. */
  addGroup(rows: number[], second: number[]): void {
    for (let i = 0; i < GROUP; i++) this.records.push(rows[Math.min(i, rows.length - 1)] ?? 0);
    for (let i = 0; i < GROUP; i++) this.records.push(second[i] ?? 0);
    this.groups++;
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
