/**
 * The settings that are measured on an adapter, each with the values that are tried, those with the
 * most influence first. All leave a run's bits alone but two, which a run therefore has in its
 * record: where lists of live weights begin to win, and the parts of the first layer's sums.
 */

import {
  type ImageTiles,
  type SparseTiles,
  type Tiles,
  TUNED,
  type Tuned,
} from "../../engine/kernels/tiles.ts";

/** The value of a setting. */
export type Value = number | string | boolean;

/** Values by the names of settings. */
export type Chosen = Readonly<Record<string, Value>>;

/**
 * The networks whose speed a setting decides: without or with convolutions, as lists of weights.
 */
export type Part = "dense" | "images" | "lists";

/** A setting that is chosen by trying values, in order: a search may end where they get worse. */
export interface Setting {
  name: string;
  part: Part;
  values: readonly Value[];
  /** Its value in some choices. */
  of(tuned: Tuned): Value;
  /** The same choices with another value. */
  change(tuned: Tuned, value: Value): Tuned;
  /** Whether it makes a difference to some choices. Default: it does. */
  matters?(tuned: Tuned): boolean;
  /** The share of a value's time that another may take at most to be chosen. Default: 0.95. */
  margin?: number;
  /**
   * Of values that take long to compile: how many times as long as others, of the best to be
   * expected first. The next one is tried where there was no time for that, or it was not better.
   */
  growth?: Readonly<Record<string, number>>;
}

/** Names of the settings that are measured by means of their own. */
export const REPLICAS = "replicas", BELOW = "sparse.below", BELOW_IMAGES = "sparse.belowImages";

/** The name of the parts of the first layer's sums. */
export const FORWARD_PARTS = "forwardParts";

/** Where matrices lie. */
export const STORAGE = "storage";

/** How many iterations of sparse networks one dispatch does. */
export const ITERATIONS = "sparse.iterations";

/** Numbers of replicas that are tried. */
export const REPLICA_CHOICES = [1, 2, 4, 8, 16, 32];

type TileName = Exclude<
  { [K in keyof Tiles]: Tiles[K] extends number ? K : never }[keyof Tiles],
  "window"
>;

/** Choices with another tile shape; evaluation windows keep to whole tiles. */
function shaped(tuned: Tuned, shape: Partial<Pick<Tiles, TileName>>): Tuned {
  const next = { ...tuned, ...shape };
  return { ...next, window: next.rows * Math.max(1, Math.round(tuned.window / next.rows)) };
}

/** A number of the tiles of dense layers. */
function ofTiles(name: TileName, values: number[]): Setting {
  return {
    ...{ name, part: "dense", values },
    of: (tuned) => tuned[name],
    change: (tuned, value) => shaped(tuned, { [name]: value }),
  };
}

/** A number of the tiles of convolutions. */
function ofImages(name: keyof ImageTiles, values: number[]): Setting {
  return {
    ...{ name: `images.${name}`, part: "images", values },
    of: (tuned) => tuned.images[name],
    change: (tuned, value) => ({ ...tuned, images: { ...tuned.images, [name]: value } }),
  };
}

/** A number of the tiles of lists. */
function ofLists(name: keyof SparseTiles, values: number[]): Setting {
  return {
    ...{ name: `sparse.${name}`, part: "lists", values },
    of: (tuned) => tuned.sparse[name],
    change: (tuned, value) => ({ ...tuned, sparse: { ...tuned.sparse, [name]: value } }),
  };
}

/** Each number of a tile shape. */
export const FINE: Readonly<Record<Part, readonly Setting[]>> = {
  dense: [
    ofTiles("rows", [1, 2, 4, 6, 8, 10, 12, 15, 20]),
    // In workgroup memory, in groups of so many tiles.
    ofTiles("groupRows", [0, 4, 8, 16]),
    ofTiles("forwardVectors", [1, 2, 3, 5]),
    ofTiles("backwardVectors", [1, 2, 3, 5]),
    ofTiles("weightVectors", [1, 2, 3, 5]),
    ofTiles("weightRowVectors", [0.25, 1, 2, 4]),
    ofTiles("unroll", [2, 3, 4, 6]),
    ofTiles("lanes", [8, 16, 32]),
  ],
  images: [
    ofImages("rows", [4, 6, 10, 12]),
    ofImages("forwardVectors", [1, 2, 3, 5, 8]),
    ofImages("backwardVectors", [1, 2, 3, 5, 8]),
    ofImages("weightRowVectors", [1, 2, 3, 4]),
    ofImages("weightVectors", [1, 2, 3, 5]),
    ofImages("unroll", [1, 2, 3, 4]),
  ],
  lists: [
    ofLists("lanes", [8, 16]),
    ofLists("unitLanes", [1, 4]),
    ofLists("unitsEach", [1, 2, 4, 8, 16]),
    ofLists("updateLanes", [8, 16, 32, 64]),
    ofLists("iterations", [0, 1, 4, 16]),
    {
      ...ofLists("iterationLanes", [8, 64, 128, 256]),
      matters: ({ sparse }) => sparse.iterations > 0,
    },
  ],
};

/** Whole tile shapes, beside the guess: far ahead of what single numbers reach in the same time. */
type Shape = Readonly<Record<Part, Partial<Pick<Tiles, TileName> & ImageTiles & SparseTiles>>>;

/** The tile shapes of a row of the table. */
function shapeOf({ images, sparse, ...row }: Tuned): Shape {
  const { lanes, rows, forwardVectors, backwardVectors } = row;
  const { weightVectors, weightRowVectors, groupRows, unroll } = row;
  const dense = { lanes, rows, forwardVectors, backwardVectors, weightVectors };
  const { unitLanes, unitsEach, updateLanes, iterationLanes } = sparse;
  return {
    dense: { ...dense, weightRowVectors, groupRows, unroll },
    images,
    lists: { lanes: sparse.lanes, unitLanes, unitsEach, updateLanes, iterationLanes },
  };
}

const SMALL = shapeOf(TUNED.hardware);

/** Tile shapes by size. */
const SHAPES: Readonly<Record<string, Shape>> = {
  small: SMALL,
  // Small ones in workgroup memory, 16 rows of 64 columns to a workgroup: of those that
  // tasks/lib/expected_time.ts compares, the fastest on an H100 with one network and with 20.
  shared: { ...SMALL, dense: { ...SMALL.dense, rows: 2, groupRows: 8 } },
  medium: {
    dense: {
      ...{ lanes: 8, rows: 10, forwardVectors: 3, backwardVectors: 2 },
      ...{ weightVectors: 3, weightRowVectors: 2, groupRows: 0, unroll: 4 },
    },
    images: {
      ...{ rows: 4, forwardVectors: 3, backwardVectors: 3 },
      ...{ weightVectors: 2, weightRowVectors: 2, unroll: 2 },
    },
    lists: { lanes: 8, unitLanes: 2, unitsEach: 2, updateLanes: 64, iterationLanes: 64 },
  },
  large: shapeOf(TUNED.llvmpipe),
};

/** Whole tile shapes of a part. */
function shapes(part: Part, change: (tuned: Tuned, shape: Shape[Part]) => Tuned): Setting {
  return {
    ...{ name: `${part} tiles`, part, values: Object.keys(SHAPES) },
    // Where none was chosen they are as the guess has them, which is small.
    of: () => "small",
    change: (tuned, value) => change(tuned, SHAPES[`${value}`][part]),
    // SwiftShader takes up to four times as long for large ones as for small ones, and eight times
    // for those in workgroup memory, which convolutions and lists do not have; time is short.
    growth: { large: 5, ...(part === "dense" && { shared: 8 }), medium: 2.5 },
  };
}

/** Whether the first layer skips inputs that are 0. */
const SKIPS_ZEROS: Setting = {
  ...{ name: "skipsZeros", part: "dense", values: [false, true] },
  of: ({ skipsZeros }) => skipsZeros,
  change: (tuned, value) => ({ ...tuned, skipsZeros: value as boolean }),
  // Anything that it gains: with other tiles it may be more.
  margin: 1,
};

/** Parts of the first layer's sums. */
export const PARTS: Setting = {
  ...{ name: FORWARD_PARTS, part: "dense", values: [1, 4, 8, 16] },
  of: ({ forwardParts }) => forwardParts,
  change: (tuned, value) => ({ ...tuned, forwardParts: value as number }),
};

/** What is decided first, for each part; twice what depends on the tiles, if it was not taken. */
export const COARSE: Readonly<Record<Part, readonly Setting[]>> = {
  dense: [
    {
      ...{ name: STORAGE, part: "dense", values: ["buffers", "textures"] },
      of: ({ storage }) => storage,
      change: (tuned, value) => ({ ...tuned, storage: value as Tuned["storage"] }),
    },
    SKIPS_ZEROS,
    shapes("dense", shaped),
    SKIPS_ZEROS,
    PARTS,
  ],
  images: [
    shapes("images", (tuned, shape) => ({ ...tuned, images: { ...tuned.images, ...shape } })),
  ],
  lists: [
    shapes("lists", (tuned, shape) => ({ ...tuned, sparse: { ...tuned.sparse, ...shape } })),
    // All or nothing: one of a dispatch alone spares most of what there is to spare.
    ofLists("iterations", [0, 16]),
  ],
};

const SETTINGS = [COARSE, FINE].flatMap((some) => [...some.dense, ...some.images, ...some.lists]);

/**
 * Choices with those that were measured in the place of a guess.
 *
 * @param open settings that may have better values still: no limit to the replicas, then
 */
export function applied(row: Tuned, chosen: Chosen, open: readonly string[]): Tuned {
  const tuned = SETTINGS.reduce(
    (tuned, { name, change }) => name in chosen ? change(tuned, chosen[name]) : tuned,
    row,
  );
  const { below, belowImages } = tuned.sparse;
  const replicas = open.includes(REPLICAS) ? undefined : chosen[REPLICAS];
  return {
    ...tuned,
    replicas: replicas as number | undefined ?? tuned.replicas,
    sparse: {
      ...tuned.sparse,
      below: chosen[BELOW] as number | undefined ?? below,
      belowImages: chosen[BELOW_IMAGES] as number | undefined ?? belowImages,
    },
  };
}

/** Whether a value that was read is one of a setting. */
export function isChoice(name: string, value: unknown): value is Value {
  if (name === REPLICAS) return REPLICA_CHOICES.includes(value as number);
  if (name === BELOW || name === BELOW_IMAGES) {
    return typeof value === "number" && value >= 0 && value <= 1;
  }
  // Of several of a name, coarse and fine, any.
  const settings = SETTINGS.filter((setting) => setting.name === name);
  // The values of the table's rows are tried too where they are none of the list.
  const rows = settings.flatMap(({ of }) => Object.values(TUNED).map(of));
  return [...settings.flatMap(({ values }) => values), ...rows].includes(value as Value);
}
