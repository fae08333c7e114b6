/** Repeats finished runs from their records and compares bits. Changes nothing on disk. */

import { InputError } from "../errors.ts";
import { restoreRun, restoreStartMasks } from "../records/saved_run.ts";
import { type RunRecord, within } from "../records/record.ts";
import { partsIn } from "../records/forward_parts.ts";
import * as paths from "../records/paths.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import { MemoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { modelOf, workOfRuns, workRequestOf } from "./from_config.ts";
import type { Job } from "./job.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { isRunRecord, parseConfig, RUN_FORMAT, type RunConfig } from "./schema.ts";
import { RunProvider } from "./provide.ts";
import { intactRecord } from "./folder_state.ts";
import { parametersOf } from "../models/parameters.ts";
import { rewindIteration } from "../foundations/rewinding.ts";
import { readRecord } from "../records/condition.ts";

/** A run to repeat. */
export interface ReplaySource {
  folder: string;
  record: RunRecord;
  config: RunConfig;
  /** Parts in which the first layer's sums were made. */
  forwardParts: number;
}

/** The outcome of a replay. */
export interface Replay {
  folder: string;
  /** How many files were compared. */
  files: number;
  /** Paths of those that differ. */
  different: string[];
  /** Whether an adapter other than the one of this machine had a part in the run. */
  isOtherAdapter: boolean;
}

/**
 * A finished run with its record.
 *
 * @throws InputError if it is not finished or not one of this program's tasks; FormatError if
 *   damaged
 */
export async function readReplaySource(storage: Storage, folder: string): Promise<ReplaySource> {
  const record = await intactRecord(storage, folder);
  if (record === null) {
    throw new InputError(`${folder} holds no finished run: finish it first, or name another`);
  }
  if (!isRunRecord(record)) {
    throw new InputError(
      `${paths.record(folder)} has the form ${JSON.stringify(record.format)}, which only the ` +
        "program that wrote it can repeat; name a run of this program's tasks",
    );
  }
  const where = paths.record(folder);
  return {
    folder,
    record,
    config: parseConfig(record, where),
    forwardParts: partsIn(record, where),
  };
}

/** Options of `openReplays`. */
export interface ReplayOptions {
  storage: Storage;
  queue: RunQueue;
  data: LoadedDataset;
  sources: readonly ReplaySource[];
  onStart?: () => void;
}

/** Replays as a job, with what came of them in the order in which they end. */
export type ReplayJob = Job & { readonly results: readonly Replay[] };

/**
 * Opens replays of finished runs as a job: each run is provided in memory, and compared.
 *
 * @throws CapacityError if a network does not fit on the device
 * @throws InputError if the examples are not those that a run was trained on
 */
export async function openReplays(options: ReplayOptions): Promise<ReplayJob> {
  const { queue, data, sources } = options;
  const stray = sources.find(({ config }) => config.dataset.sha256 !== data.record.sha256);
  if (stray) {
    const { dataset } = stray.config;
    throw new InputError(
      `${stray.folder} was trained on other examples than these (${dataset.name}, SHA-256 ` +
        `${dataset.sha256.slice(0, 12)}…): give them with --data-location`,
    );
  }
  const requests = sources.map(({ config, forwardParts }) => ({
    ...workRequestOf(config, data.sets),
    forwardParts,
  }));
  const groups = Map.groupBy(requests, (request) => queue.groupKey(request));
  for (const group of groups.values()) await queue.checkFits(group[0], group.length);
  const results: Replay[] = [];
  return {
    results,
    runs: [],
    folders: sources.map(({ folder }) => folder),
    runCount: sources.length,
    finishedCount: 0,
    atOnce: groups.get(queue.groupKey(requests[0]))!.length,
    sample: requests[0],
    work: workOfRuns(sources.map(({ config }) => config), data.sets),
    tasks: () =>
      sources.map((source) => async () => void results.push(await replay(source, options))),
  };
}

async function replay(
  { folder, record, config, forwardParts }: ReplaySource,
  { storage, queue, data, onStart }: ReplayOptions,
): Promise<Replay> {
  const memory = new MemoryStorage();
  await new RunProvider({
    ...{ storage: memory, queue, sets: data.sets },
    policy: { overwrite: false, resume: true },
    kernels: record.kernels === "sparse" ? "sparse" : "dense",
    forwardParts,
    events: { onNotice: () => {}, onStart },
  }).provide({
    ...{ folder, config },
    model: async () => {
      const parameters = parametersOf(config.network.layers);
      const { initial, initialBiases } = await restoreRun(storage, folder, parameters);
      // Weights and masks that were drawn from the seed alone are drawn again, and compared.
      const { start, rewind, id: { level } } = config;
      const isFirst = rewind === null || level === 0;
      const areMasksDrawn = config.dynamic !== undefined && start.masks === null;
      const masks = areMasksDrawn
        ? undefined
        : await restoreStartMasks(storage, folder, parameters);
      const isAtStart = rewind === null ||
        (isFirst
          ? rewindIteration(rewind) === 0
          : rewind.to === "0" && rewind.survivors === "rewind");
      const isDrawn = start.presets === null && start.values === null && isAtStart;
      const presets = isDrawn ? {} : { presets: initial };
      return modelOf(config, { masks, ...presets, presetBiases: initialBiases });
    },
  });
  const again = (await readRecord(memory, folder))!;
  const isOtherAdapter = record.adapters !== undefined ||
    JSON.stringify(record.adapter) !== JSON.stringify(again.adapter);
  const files = Object.keys(again.files);
  // Of the records of two adapters or formats, the files' digests tell what there is to tell.
  const isComparable = !isOtherAdapter && record.format === RUN_FORMAT;
  if (isComparable) files.push(paths.record(""));
  const different: string[] = [];
  for (const path of files.map((file) => within(folder, file))) {
    if (!isEqual(await storage.read(path), await memory.read(path))) different.push(path);
  }
  return { folder, files: files.length, different, isOtherAdapter };
}

/** A replay in one line. */
export function describeReplay({ folder, files, different, isOtherAdapter }: Replay): string {
  const adapter = isOtherAdapter ? "; it was trained on another adapter" : "";
  return different.length === 0
    ? `${folder}  repeated: ${files} files, every bit the same`
    : `${folder}  repeated: ${different.length} of ${files} files differ, the first ` +
      `${different[0]}${adapter}`;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
