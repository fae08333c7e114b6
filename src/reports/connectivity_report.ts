/**
 * Compares the tickets of a lottery experiment: the barrier and the disagreement on the test
 * examples between tickets of different trials, and between those of successive levels.
 */

import { type Barrier, barrier, BARRIER_POINTS } from "../analysis/connectivity.ts";
import { type FinishedNetwork, NetworkEvaluator } from "../models/network_evaluator.ts";
import { destroyExamples, type Gpu, uploadExamples } from "../engine/mod.ts";
import { InputError, isOfFile } from "../errors.ts";
import { density } from "../models/masks.ts";
import { restoreRun } from "../records/saved_run.ts";
import type { Storage } from "../storage/storage.ts";
import { datasetOf } from "../runs/from_config.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { configDifferences } from "../runs/config.ts";
import type { Ticket } from "../lottery/control_experiment.ts";
import type { RunConfig } from "../runs/schema.ts";
import { parametersOf } from "../models/parameters.ts";

/** Pairs of trials that are compared at each level, at most. */
const MOST_PAIRS = 3;

/** Options of `connectivityReport`. */
export interface ConnectivityOptions {
  storage: Storage;
  gpu: Gpu;
  data: LoadedDataset;
  /** As `findTickets` returns them: their files are compared with their records. */
  tickets: readonly ComparedTicket[];
  /** Levels whose tickets are compared; all that there are if it is absent. */
  levels?: readonly number[];
  /** Networks on the line between two tickets, the two included. */
  points?: number;
  /** Called before each comparison. */
  onProgress?: (progress: { done: number; all: number }) => void;
  /** Receives a line for each pair that is left out; without it the first such pair ends all. */
  onFault?: (line: string) => void;
}

/** A finished ticket. */
export type ComparedTicket = Pick<Ticket, "folder" | "config">;

/** Two tickets. */
export interface TicketPair {
  /** That of the later ticket. */
  level: number;
  kind: "between trials" | "between levels";
  a: ComparedTicket;
  b: ComparedTicket;
}

/** The line between two tickets. */
export interface ConnectivityRow {
  /** That of `b`; of `a` too, unless it is of the level before. */
  level: number;
  /** Weights that remain in `b`, in percent. */
  percent: number;
  kind: "between trials" | "between levels";
  /** Folder of the ticket at one end. */
  a: string;
  /** Folder of the ticket at the other end. */
  b: string;
  /** (points) mean cross-entropy on the test examples, from `a` to `b`, in nats. */
  testLosses: number[];
  /** (points) test accuracy, 0 to 1. */
  testAccuracies: number[];
  /** Height of the test loss over the line between its ends, in nats; 0 if it never rises. */
  barrier: number;
  /** Share of the test examples to which the two tickets give different classes, 0 to 1. */
  disagreement: number;
}

/**
 * Rows by level, those between trials first.
 *
 * @throws InputError if the tickets are not of one experiment, or of other examples than these
 * @throws StorageError, FormatError as `restoreRun`
 */
export async function connectivityReport(options: ConnectivityOptions): Promise<ConnectivityRow[]> {
  const { gpu, data, tickets, levels, points = BARRIER_POINTS, onProgress, onFault } = options;
  const pairs = ticketPairs(tickets).filter(({ level }) => levels?.includes(level) ?? true);
  if (pairs.length === 0) return [];
  checkComparable(tickets, data);
  const [{ config }] = tickets, dataset = datasetOf(config, data.sets);
  const { normalization, statistics, labelMap } = dataset;
  const test = await uploadExamples(gpu, data.sets.test, normalization, statistics);
  try {
    const evaluator = await NetworkEvaluator.create(
      gpu,
      { test, labelMap },
      config.network.layers,
      points,
    );
    try {
      const rows: ConnectivityRow[] = [];
      for (const [done, pair] of pairs.entries()) {
        onProgress?.({ done, all: pairs.length });
        try {
          const a = await readTicket(options.storage, pair.a);
          const b = await readTicket(options.storage, pair.b);
          rows.push(rowOf(pair, b, await barrier(evaluator, a, b, points)));
        } catch (error) {
          if (!isOfFile(error) || !onFault) throw error;
          const path = `between ${pair.a.folder} and ${pair.b.folder}`;
          onFault(`${error.message} (no path ${path} is measured)`);
        }
      }
      return rows;
    } finally {
      evaluator.destroy();
    }
  } finally {
    destroyExamples(test);
  }
}

/**
 * Which tickets are compared: at each level those of at most three pairs of trials, neighbours
 * first (of trials 1 to 5: 1 and 2, 2 and 3, 3 and 4), and in at most three trials the ticket with
 * that of the level before.
 */
export function ticketPairs(tickets: readonly ComparedTicket[]): TicketPair[] {
  const levels = Map.groupBy(tickets, ({ config }) => config.id.level);
  return [...levels].sort(([a], [b]) => a - b).flatMap(([level, found]) => {
    const group = found.toSorted((a, b) => a.config.id.trial - b.config.id.trial);
    const before = new Map((levels.get(level - 1) ?? []).map((a) => [a.config.id.trial, a]));
    const ofLevels = group.flatMap((b) => {
      const a = before.get(b.config.id.trial);
      return a ? [{ kind: "between levels" as const, a, b }] : [];
    });
    return [...neighbours(group), ...ofLevels.slice(0, MOST_PAIRS)]
      .map((pair) => ({ level, ...pair }));
  });
}

/** The first pairs of a group by how far apart they are; no more are made than are wanted. */
function neighbours(group: readonly ComparedTicket[]): Pick<TicketPair, "kind" | "a" | "b">[] {
  const pairs: Pick<TicketPair, "kind" | "a" | "b">[] = [];
  for (let gap = 1; gap < group.length; gap++) {
    for (const [i, b] of group.slice(gap, gap + MOST_PAIRS).entries()) {
      if (pairs.length === MOST_PAIRS) return pairs;
      pairs.push({ kind: "between trials", a: group[i], b });
    }
  }
  return pairs;
}

/** Networks that were trained to the same labels and see the same inputs can be compared. */
function checkComparable(tickets: readonly ComparedTicket[], data: LoadedDataset): void {
  const [first] = tickets;
  const { dataset } = first.config;
  if (dataset.sha256 !== data.record.sha256) {
    throw new InputError(
      `${first.folder} was trained on other examples than these (${dataset.name}, SHA-256 ` +
        `${dataset.sha256.slice(0, 12)}…): give them with --data-location`,
    );
  }
  for (const { folder, config } of tickets) {
    const [difference] = configDifferences(comparable(first.config), comparable(config));
    if (difference === undefined) continue;
    throw new InputError(
      `${folder} cannot be compared with ${first.folder} (${difference}): give tickets of one ` +
        "experiment",
    );
  }
}

function comparable({ network: { layers }, training: { seed }, dataset }: RunConfig) {
  const { sha256, normalization, permuteLabels } = dataset;
  // The permutation of the labels is drawn from the seed.
  return { layers, normalization, sha256, permuteLabels, ...(permuteLabels ? { seed } : {}) };
}

async function readTicket(
  storage: Storage,
  { folder, config }: ComparedTicket,
): Promise<FinishedNetwork> {
  const { final, finalBiases, masks } = await restoreRun(
    storage,
    folder,
    parametersOf(config.network.layers),
  );
  // A pruned weight that keeps its initial value is one of the network.
  const used = config.prunedWeights === "initial" ? {} : masks;
  return { weights: final, biases: finalBiases, masks: used };
}

function rowOf(
  { level, kind, a, b }: TicketPair,
  { masks }: FinishedNetwork,
  { test, disagreement }: Barrier,
): ConnectivityRow {
  return {
    level,
    percent: density(masks).percent,
    kind,
    a: a.folder,
    b: b.folder,
    testLosses: test.losses,
    testAccuracies: test.accuracies,
    barrier: test.barrier,
    disagreement,
  };
}
