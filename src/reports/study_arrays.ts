/**
 * Reads the logs, masks and weights of a study, each file compared with its run's record, and
 * computes curves and the anatomy of tickets. Damaged files are named and left out.
 */

import type { CurveGroup } from "../figures/curve_figures.ts";
import { outDegrees } from "../analysis/anatomy.ts";
import { type Level, levelsOf, nearestLevels } from "../analysis/study.ts";
import {
  type LayerRow,
  layerRows,
  type OverlapRow,
  overlapRows,
  ringPairs,
  type TicketArrays,
  type WeightGroups,
  weightGroups,
} from "../analysis/ticket_anatomy.ts";
import { type KernelRow, kernelRows } from "../analysis/kernel_anatomy.ts";
import type { PixelMap } from "../figures/weight_figures.ts";
import { isDense } from "../engine/layer_spec.ts";
import type { CurvePoint } from "../engine/mod.ts";
import { FormatError, isOfFile } from "../errors.ts";
import { decodeLog, type Phase } from "../formats/csv_log.ts";
import { checkBinary, type Network } from "../models/network.ts";
import * as paths from "../records/paths.ts";
import { compareFiles, damageError } from "../records/record.ts";
import { restorePart } from "../records/saved_run.ts";
import type { Storage } from "../storage/storage.ts";
import { RUN_AGAIN } from "../runs/schema.ts";
import type { ReportRun, ReportStudy } from "./studies.ts";
import { type Parameter, parametersOf, prunableOf } from "../models/parameters.ts";

/** Runs of a study, read one after the other; `onFault` names those that cannot be read. */
export interface ArraySource {
  storage: Storage;
  study: ReportStudy;
  onFault: (line: string) => void;
}

/** A run, of whatever kind, whose arrays are read. */
type ArrayRun = Omit<ReportRun, "kind">;

/** The curves of a phase for tickets and reinits near the given densities. */
export async function readCurves(
  { storage, study, onFault }: ArraySource,
  phase: Exclude<Phase, "train">,
  percents: readonly number[],
): Promise<CurveGroup[]> {
  const groups: CurveGroup[] = [];
  for (const kind of ["ticket", "reinit"] as const) {
    for (const { percent, runs } of nearestLevels(levelsOf(study.runs, kind), percents)) {
      const curves = await Promise.all(
        (runs as ReportRun[]).map((run) =>
          orFault(onFault, async () => ({
            trial: run.trial,
            points: await readLog(storage, run, phase),
          }))
        ),
      );
      const whole = curves.filter((curve) => curve !== null && curve.points.length > 0);
      if (whole.length > 0) {
        groups.push({ kind, percent, curves: whole as CurveGroup["curves"] });
      }
    }
  }
  return groups;
}

/** A run's log, as it was written. */
async function readLog(storage: Storage, run: ReportRun, phase: Phase): Promise<CurvePoint[]> {
  const file = paths.log("", phase), path = paths.log(run.folder, phase);
  await checkFiles(storage, run, [file]);
  const log = decodeLog(new TextDecoder().decode(await storage.read(path)), path);
  if (log.phase !== null && log.phase !== phase) {
    throw new FormatError(`${path} is a log of ${log.phase}; ${RUN_AGAIN}`);
  }
  const { iterations } = run.config.training;
  const late = log.rows.find((row) => row.iteration > iterations);
  if (late) {
    throw new FormatError(
      `${path} has iteration ${late.iteration}, of ${iterations}; ${RUN_AGAIN}`,
    );
  }
  return log.rows;
}

/** The anatomy of tickets. */
export interface Anatomy {
  layers: LayerRow[];
  /** The convolutions; empty where there are none. */
  kernels: KernelRow[];
  overlaps: OverlapRow[];
  /** Empty unless the first layer is dense and the examples are grey images. */
  pixels: PixelMap[];
  /** Of the level nearest to `weightsAt`, over all trials; empty without a level 0. */
  weights: WeightGroups[];
  /** Weights remaining at that level; null if there is none. */
  weightsPercent: number | null;
}

/**
 * The anatomy of the tickets, or of the one-shot tickets where there are no others. Levels are read
 * one by one: twenty trials are 60 MB of arrays each.
 */
export async function readAnatomy(
  source: ArraySource,
  weightsAt: number,
): Promise<Anatomy> {
  const { study } = source;
  const kind = study.runs.some((run) => run.kind === "ticket") ? "ticket" : "one_shot";
  const levels = levelsOf(study.runs, kind);
  const found: Anatomy = {
    layers: [],
    kernels: [],
    overlaps: [],
    pixels: [],
    weights: [],
    weightsPercent: null,
  };
  const { network: { layers }, dataset: { shape } } = study.settings;
  const parameters = parametersOf(layers);
  const shown = nearestToAsked(levels, weightsAt);
  let full: TicketArrays[] = [], above: TicketArrays[] = [];
  for (const level of levels) {
    const tickets = await readTickets(source, level);
    if (level.level === 0) full = tickets;
    found.layers.push(...tickets.flatMap((ticket) => layerRows(ticket, parameters)));
    found.kernels.push(...tickets.flatMap((ticket) => kernelRows(ticket, parameters)));
    for (const [one, other] of ringPairs(tickets)) {
      found.overlaps.push(...overlapRows("trials", one, other));
    }
    for (const [one, other] of sameTrial(above, tickets)) {
      found.overlaps.push(...overlapRows("levels", one, other));
    }
    if (kind === "ticket") {
      const oneShot = levelsOf(study.runs, "one_shot").find((l) => l.level === level.level);
      const others = oneShot && level.level > 0 ? await readTickets(source, oneShot, false) : [];
      for (const [one, other] of sameTrial(tickets, others)) {
        found.overlaps.push(...overlapRows("iterative and one-shot", one, other));
      }
    }
    const readsPixels = isDense(layers[0]) && shape.length === 2;
    if (readsPixels && tickets.length > 0) {
      found.pixels.push(pixelMap(level.percent, tickets, parameters[0]));
    }
    if (level === shown && level.level > 0) {
      found.weights = sameTrial(full, tickets).flatMap(([full, ticket]) =>
        weightGroups(full, ticket)
      );
      if (found.weights.length > 0) found.weightsPercent = level.percent;
    }
    above = tickets;
  }
  return found;
}

/** The level nearest to a density; where pruning never went so far, the last. */
function nearestToAsked(levels: readonly Level[], percent: number): Level | undefined {
  return nearestLevels(levels, [percent])[0] ?? levels.at(-1);
}

function sameTrial<T extends { trial: string }>(one: readonly T[], other: readonly T[]): [T, T][] {
  const byTrial = Map.groupBy(other, ({ trial }) => trial);
  return one.flatMap((a) => (byTrial.get(a.trial) ?? []).map((b): [T, T] => [a, b]));
}

function pixelMap(
  percent: number,
  tickets: readonly TicketArrays[],
  { name, columns: units }: Parameter,
): PixelMap {
  const maps = tickets.map(({ masks }) => outDegrees(masks[name]));
  const share = (i: number) => maps.reduce((sum, map) => sum + map[i], 0) / maps.length / units;
  return { percent, values: Array.from(maps[0], (_, i) => 100 * share(i)) };
}

/** The tickets of a level with their masks, and with their weights where these are wanted. */
export async function readTickets(
  { storage, onFault }: Pick<ArraySource, "storage" | "onFault">,
  { level, runs }: { level: number; runs: readonly ArrayRun[] },
  withWeights = true,
): Promise<TicketArrays[]> {
  const tickets = await Promise.all(
    runs.map((run) =>
      orFault(onFault, async (): Promise<TicketArrays> => {
        const part = (name: (run: string) => string) => readPart(storage, run, name);
        const { trial, percent } = run;
        const masks = await part(paths.masks);
        for (const { name } of prunableOf(parametersOf(run.config.network.layers))) {
          checkBinary(masks[name], paths.layer(paths.masks(run.folder), name));
        }
        if (!withWeights) return { trial, level, percent, masks, initial: {}, final: {} };
        const [initial, final] = await Promise.all([part(paths.initial), part(paths.final)]);
        return { trial, level, percent, masks, initial, final };
      })
    ),
  );
  return tickets.filter((ticket) => ticket !== null);
}

/** One of a run's folders of arrays. */
async function readPart(
  storage: Storage,
  run: ArrayRun,
  part: (run: string) => string,
): Promise<Network> {
  const prefix = `${part("")}/`;
  const files = Object.keys(run.files).filter((file) => file.startsWith(prefix));
  if (files.length === 0) throw damageError({ path: part(run.folder), fault: "is missing" });
  await checkFiles(storage, run, files);
  const weights = prunableOf(parametersOf(run.config.network.layers));
  return await restorePart(storage, run.folder, part, weights);
}

async function checkFiles(storage: Storage, run: ArrayRun, files: string[]): Promise<void> {
  const digests = Object.fromEntries(files.map((file) => [file, run.files[file]]));
  const [fault] = await compareFiles(storage, run.folder, digests);
  if (fault) throw damageError(fault);
}

/** Null, and told, where a file cannot be read as it was written. */
export async function orFault<T>(
  onFault: (line: string) => void,
  read: () => Promise<T>,
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!isOfFile(error)) throw error;
    onFault(`${error.message} (left out of what is read from it)`);
    return null;
  }
}
