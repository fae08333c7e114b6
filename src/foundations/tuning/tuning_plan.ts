/** What a run measures of its adapter, in which order, and how far it comes in its time. */

import { isDense, type LayerSpec } from "../../engine/mod.ts";
import type { Tuned } from "../../engine/kernels/tiles.ts";
import { once } from "../../memo.ts";
import type { KeptAdapter } from "./kept_tuning.ts";
import { chooseCrossover, chooseReplicas } from "./measures.ts";
import type { NetworkBench, TimedProgram } from "./network_bench.ts";
import { type Budget, type Pace, Search, type Trial } from "./search.ts";
import {
  BELOW,
  BELOW_IMAGES,
  COARSE,
  FINE,
  FORWARD_PARTS,
  ITERATIONS,
  REPLICA_CHOICES,
  REPLICAS,
  type Setting,
  STORAGE,
  type Value,
} from "./settings.ts";

/** Milliseconds of one measurement, and how many there are of each candidate. */
const MEASUREMENT = 12, ROUNDS = 5;
/** Most replicas of a candidate, and iterations of a measurement. */
const MOST_REPLICAS = 8, MOST_ITERATIONS = 200;
/** Milliseconds, and iterations, for which weights are trained whose magnitudes make masks. */
const TRAINING = 250, TRAINED = 300;
/**
 * Shares of the weights that are kept, one level of a lottery apart, around where lists may win.
 */
const KEPT = Array.from({ length: 13 }, (_, i) => 0.8 ** (i + 2));
/** The share with which the tile shapes of lists are measured. */
const LISTED = 0.2;

/** What is known of an adapter, and what there is to measure it for. */
export interface Need {
  /** What was kept before. */
  known: KeptAdapter | null;
  layers: readonly LayerSpec[];
  /** Most runs at once. */
  runs: number;
  /** Whether what decides bits may be chosen: nothing was trained before, nor are kernels given. */
  choosesKernels: boolean;
  /** Whether matrices may lie in textures. */
  hasTextures: boolean;
}

/** How to measure it. */
export interface Means {
  budget: Budget;
  /** Milliseconds of an iteration, for each replica. */
  perIteration: number;
  /** Receives the same when it is less. */
  onSpeed(milliseconds: number): void;
  onTrial?(trial: Trial): void;
}

/** What was found. */
export interface Found extends Pick<KeptAdapter, "chosen" | "open"> {
  /** How many times as fast iterations are. */
  gain: number;
}

/** Whether a better value of a setting may be found. */
function isOpen({ known, layers, runs, choosesKernels, hasTextures }: Need, name: string): boolean {
  const most = REPLICA_CHOICES.findLast((replicas) => replicas <= runs)!;
  // As many as there are now were tried before.
  if (name === STORAGE && !hasTextures) return false;
  if (name === REPLICAS && Number(known?.chosen[name] ?? 1) >= most) return false;
  // Settings that decide bits are chosen before anything is trained.
  const decidesBits = name === BELOW || name === BELOW_IMAGES || name === FORWARD_PARTS;
  if (decidesBits && !choosesKernels) return false;
  if (name === FORWARD_PARTS && !isDense(layers[0])) return false;
  return known === null || !(name in known.chosen) || known.open.includes(name);
}

/** The settings of tile shapes that matter to a network, those of lists apart. */
function tilesFor(layers: readonly LayerSpec[], kind: typeof COARSE): readonly Setting[] {
  return layers.every(isDense) ? kind.dense : [...kind.images, ...kind.dense];
}

/** The same of lists. */
function listsFor(layers: readonly LayerSpec[]): readonly Setting[] {
  // One kernel does whole iterations of dense layers alone: of others it would be timed in vain.
  return layers.every(isDense)
    ? COARSE.lists
    : COARSE.lists.filter(({ name }) => name !== ITERATIONS);
}

const crossoverFor = (layers: readonly LayerSpec[]) => layers.every(isDense) ? BELOW : BELOW_IMAGES;

/** Whether the tiles of lists are of use, and to be measured. */
function areListsOpen(need: Need, below = need.known?.chosen[crossoverFor(need.layers)]): boolean {
  return Number(below ?? 0) > 0 && listsFor(need.layers).some(({ name }) => isOpen(need, name));
}

/** Whether there is anything that may be measured. */
export function isAnythingOpen(need: Need): boolean {
  const { layers } = need, tiles = [COARSE, FINE].flatMap((kind) => tilesFor(layers, kind));
  const names = [...tiles.map(({ name }) => name), REPLICAS, crossoverFor(layers)];
  return names.some((name) => isOpen(need, name)) || areListsOpen(need);
}

/** Measures until the time is over; returns what was chosen by then. */
export async function tuneTo(
  bench: NetworkBench,
  need: Need,
  { budget, perIteration, onSpeed, onTrial }: Means,
): Promise<Found> {
  const { known, layers, runs } = need;
  const chosen: Record<string, Value> = {}, open: string[] = [];
  const take = ({ setting, chosen: value, isDecided }: Trial, current?: Value) => {
    // Bits once chosen stay, whether or not there was time for all values.
    const isLeft = !isDecided && setting !== FORWARD_PARTS;
    if (value === null || isLeft && value === current) return;
    chosen[setting] = value;
    if (isLeft) open.push(setting);
  };
  const pace: Pace = {
    rounds: ROUNDS,
    iterations: (ms) => Math.max(1, Math.min(MOST_ITERATIONS, Math.ceil(MEASUREMENT / ms))),
    isThorough: false,
    ...{ budget, onTrial },
  };
  const fitting = Math.floor(MEASUREMENT / perIteration);
  const replicas = Math.max(1, Math.min(runs, MOST_REPLICAS, fitting));
  const chooseAll = async (search: Search<TimedProgram>, settings: readonly Setting[]) => {
    for (const setting of settings) {
      if (!isOpen(need, setting.name) || !budget.isLeft()) continue;
      // Kernels with barriers take long to compile: tried as a whole shape, or not at all.
      if (setting.name === "groupRows" && search.tuned.groupRows === 0) continue;
      const before = chosen[setting.name] ?? setting.of(bench.gpu.tuned);
      if (before !== setting.of(bench.gpu.tuned) && setting.growth === undefined) continue;
      const current = known?.chosen[setting.name] ?? setting.of(search.tuned);
      take(await search.choose(setting, current), current);
    }
  };
  const search = await Search.begin(
    bench.gpu.tuned,
    (tuned) => bench.network(tuned, { replicas }),
    pace,
  );
  const { milliseconds: before } = search;
  const chooseTiles = async (kind: typeof COARSE) => {
    await chooseAll(search, tilesFor(layers, kind));
    onSpeed(Math.min(perIteration, search.milliseconds / replicas));
  };
  await chooseTiles(COARSE);
  if (isOpen(need, REPLICAS) && budget.isLeft()) {
    const make = (replicas: number) => bench.network(search.tuned, { replicas });
    take(await chooseReplicas(make, pace, runs));
  }
  const below = crossoverFor(layers);
  const trained = once(async () => {
    const iterations = Math.min(TRAINED, Math.ceil(TRAINING / search.milliseconds));
    await search.network.time(iterations);
    return (await search.network.program.readParameters())[0];
  });
  // Lists take a training and masks before the first of them is timed.
  if (isOpen(need, below) && budget.isLeft(2)) {
    const makers = KEPT.map((keep) => async () => {
      const { masks, share: density } = await bench.masks(await trained(), keep);
      return { density, network: await bench.network(search.tuned, { replicas, masks }) };
    });
    take(await chooseCrossover(below, makers, search, pace));
  }
  if (areListsOpen(need, chosen[below]) && budget.isLeft(2)) {
    const { masks } = await bench.masks(await trained(), LISTED);
    const make = (tuned: Tuned) => bench.network(tuned, { replicas, masks });
    const lists = await Search.begin(search.tuned, make, pace);
    await chooseAll(lists, listsFor(layers));
    lists.end();
  }
  // Whole shapes that are still to be tried would have numbers of their own.
  const isShaped = tilesFor(layers, COARSE).every(({ name, growth }) =>
    growth === undefined || !isOpen(need, name) || name in chosen && !open.includes(name)
  );
  if (isShaped) await chooseTiles(FINE);
  search.end();
  return { chosen, open, gain: before / search.milliseconds };
}
