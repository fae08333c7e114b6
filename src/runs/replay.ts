/** Repeats finished runs from their records and compares bits. Changes nothing on disk. */

import { InputError } from "../errors.ts";
import { encodeRun, restoreRun } from "../records/run_files.ts";
import { encodeRecord, type RunRecord, within } from "../records/run_record.ts";
import * as paths from "../records/paths.ts";
import type { RunQueue } from "../foundations/run_queue.ts";
import { train } from "../foundations/trainer.ts";
import type { Storage } from "../storage/storage.ts";
import { datasetOf, modelOf, trainOptionsOf, workRequestOf } from "./configured_run.ts";
import type { Job } from "./job.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { parseConfig } from "./parse_config.ts";
import { RUN_FORMAT, type RunConfig } from "./run_config.ts";
import { intactRecord, recordOf } from "./run_store.ts";
import type { WorkRequest } from "../foundations/train_request.ts";

/** A run to repeat. */
export interface ReplaySource {
  folder: string;
  record: RunRecord;
  config: RunConfig;
}

/** What came of repeating it. */
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
 * @throws InputError if it is not finished or not one of this program's tasks; FormatError if damaged
 */
export async function readReplaySource(storage: Storage, folder: string): Promise<ReplaySource> {
  const record = await intactRecord(storage, folder);
  if (record === null) {
    throw new InputError(`${folder} holds no finished run: finish it first, or name another`);
  }
  if (record.format !== RUN_FORMAT) {
    throw new InputError(
      `${paths.record(folder)} is of the form ${JSON.stringify(record.format)}, which only the ` +
        "program that wrote it can repeat; name a run of this program's tasks",
    );
  }
  return { folder, record, config: parseConfig(record, paths.record(folder)) };
}

/** What to repeat, and with what. */
export interface ReplayOptions {
  storage: Storage;
  queue: RunQueue;
  data: LoadedDataset;
  sources: readonly ReplaySource[];
  onStart?: (config: RunConfig) => void;
}

/** Replays of finished runs as a job: open it, then carry out its tasks. */
export class Replays implements Job {
  readonly finishedCount = 0;
  /** In the order in which they end. */
  readonly results: Replay[] = [];

  private constructor(private readonly options: ReplayOptions) {}

  /**
   * @throws CapacityError if a network does not fit on the device
   * @throws InputError if the examples are not those that a run was trained on
   */
  static async open(options: ReplayOptions): Promise<Replays> {
    const { queue, data, sources } = options;
    const stray = sources.find(({ config }) => config.dataset.sha256 !== data.record.sha256);
    if (stray) {
      const { dataset } = stray.config;
      throw new InputError(
        `${stray.folder} was trained on other examples than these (${dataset.name}, SHA-256 ` +
          `${dataset.sha256.slice(0, 12)}…): give them with --mnist-location`,
      );
    }
    const requests = sources.map(({ config }) => workRequestOf(config, data.sets));
    for (const group of Map.groupBy(requests, (request) => queue.groupKey(request)).values()) {
      await queue.checkFits(group[0], group.length);
    }
    return new Replays(options);
  }

  get folders(): string[] {
    return this.options.sources.map(({ folder }) => folder);
  }

  get runCount(): number {
    return this.options.sources.length;
  }

  get atOnce(): number {
    const { queue, data, sources } = this.options, key = queue.groupKey(this.sample);
    return sources.filter(({ config }) => queue.groupKey(workRequestOf(config, data.sets)) === key)
      .length;
  }

  get sample(): WorkRequest {
    const { data, sources: [{ config }] } = this.options;
    return workRequestOf(config, data.sets);
  }

  tasks(): (() => Promise<void>)[] {
    return this.options.sources.map((source) => () => this.#replay(source));
  }

  async #replay({ folder, record, config }: ReplaySource): Promise<void> {
    const { storage, queue, data, onStart } = this.options;
    const { initial, initialBiases, masks } = await restoreRun(storage, folder, config.layers);
    // Weights that were drawn from the seed alone are drawn again, and compared.
    const isDrawn = config.presets === null && config.values === undefined;
    const model = modelOf(config, {
      masks,
      ...(isDrawn ? {} : { presets: initial }),
      presetBiases: initialBiases,
    });
    onStart?.(config);
    const kernels = record.kernels === "sparse" ? "sparse" : "dense";
    const options = trainOptionsOf(config, datasetOf(config, data.sets), model);
    const trained = await train(queue, { ...options, kernels });
    const files = encodeRun(trained);
    const again = await encodeRecord(recordOf(config, trained), files);
    const isOtherAdapter = record.adapters !== undefined ||
      JSON.stringify(record.adapter) !== JSON.stringify(trained.adapters.at(-1)!.adapter);
    // Of the records of two adapters, the files' digests tell what there is to tell.
    if (!isOtherAdapter) files.set(paths.record(""), again);
    const different: string[] = [];
    for (const [file, bytes] of files) {
      const before = await storage.read(within(folder, file));
      if (!isEqual(before, bytes)) different.push(within(folder, file));
    }
    this.results.push({ folder, files: files.size, different, isOtherAdapter });
  }
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
