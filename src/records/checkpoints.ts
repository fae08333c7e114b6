/** Restores and saves the checkpoints of one run in its folder. */

import type { AdapterDescription, TrainingState } from "../engine/mod.ts";
import type { Storage } from "../storage/storage.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  historyOf,
  stateOf,
} from "./checkpoint_file.ts";
import { partsField } from "./forward_parts.ts";
import * as paths from "./paths.ts";
import { readRunFile, unreadable } from "./record.ts";
import type { AdapterUse, KernelsUsed } from "./trained_run.ts";
import type { MaskStep } from "../models/mask_history.ts";
import type { Parameter } from "../models/parameters.ts";

/** Where a run's checkpoints are kept, and what they must be of. */
export interface CheckpointPlace {
  /** Where files are kept. */
  storage: Storage;
  /** The run's folder. */
  folder: string;
  /** The configuration of the run; JSON. */
  config: unknown;
  /** Whether a checkpoint's configuration is the run's. Default: whether its JSON is the same. */
  isSame?: (config: unknown) => boolean;
  /** Receives notices of a checkpoint that cannot be used, or that another adapter made. */
  onNotice?: (line: string) => void;
}

/** The state from which training continues. */
export interface RestoredState extends KernelsUsed {
  state: TrainingState;
  /** The masks so far, where they change. */
  history: MaskStep[] | null;
}

/** Restores and saves the checkpoints of one run. */
export class RunCheckpoints {
  #adapters: AdapterUse[] = [];
  /** Iteration of the latest state that is kept: another adapter continues from there. */
  #kept = 0;

  /**
   * @param start     digest of the masks and weights from which the run starts
   * @param adapterOf the adapter that trains now
   */
  constructor(
    private readonly place: CheckpointPlace,
    private readonly start: string,
    private readonly adapterOf: () => AdapterDescription,
  ) {}

  /**
   * The state to resume from, and its kernels; null to begin at the beginning.
   *
   * @param isDynamic whether the run's masks change, so that the state comes with those so far
   */
  async restore(
    parameters: readonly Parameter[],
    optimizerMatrices: number,
    isDynamic = false,
  ): Promise<RestoredState | null> {
    const { storage, folder, config, onNotice } = this.place;
    const isSame = this.place.isSame ??
      ((found) => JSON.stringify(found) === JSON.stringify(config));
    const path = paths.checkpoint(folder);
    const checkpoint = await readCheckpoint(storage, folder);
    if (checkpoint === null) return null;
    const isOfThisRun = typeof checkpoint !== "string" &&
      isSame(checkpoint.header.config) &&
      checkpoint.header.start === this.start &&
      isDynamic === (checkpoint.header.masks !== undefined);
    const state = isOfThisRun ? stateOf(checkpoint, parameters, optimizerMatrices) : null;
    if (state === null || typeof checkpoint === "string") {
      const why = typeof checkpoint === "string" ? checkpoint : "belongs to another run";
      onNotice?.(`${path} ${why}: the run starts over`);
      // Whatever it is, even a folder, it must not block the next checkpoint.
      await storage.remove(path);
      return null;
    }
    this.#adapters = checkpoint.header.adapters;
    const before = this.#adapters.at(-1)?.adapter.name;
    this.#kept = state.iteration;
    this.#note();
    const now = this.#adapters.at(-1)?.adapter.name;
    if (before !== now) {
      onNotice?.(
        `${folder}: trained on "${before}" up to iteration ${state.iteration}, continues on ` +
          `"${now}"; ` +
          "its last bits can differ from those of a single adapter, and run.json says so",
      );
    }
    const history = historyOf(checkpoint, parameters);
    const { kernels, forwardParts = 1 } = checkpoint.header;
    return { state, kernels, forwardParts, history };
  }

  /** Keeps a state in the place of the one before. */
  async save(
    state: TrainingState,
    { kernels, forwardParts }: KernelsUsed,
    history?: readonly MaskStep[],
  ): Promise<void> {
    this.#note();
    this.#kept = state.iteration;
    const { storage, folder, config } = this.place;
    const how = { kernels, ...partsField(forwardParts) };
    const header = { config, start: this.start, ...how, adapters: this.#adapters };
    await storage.write(paths.checkpoint(folder), await encodeCheckpoint(header, state, history));
  }

  /** The adapters that have trained the run, when it has ended. */
  get adapters(): AdapterUse[] {
    this.#note();
    return this.#adapters;
  }

  /** Notes the adapter that trains now, if it is another than before. */
  #note(): void {
    const adapter = this.adapterOf(), last = this.#adapters.at(-1)?.adapter;
    if (JSON.stringify(last) === JSON.stringify(adapter)) return;
    this.#adapters = [...this.#adapters, { iteration: this.#kept, adapter }];
  }
}

/** The checkpoint in a run's folder, or what is wrong with it; null if there is none. */
export async function readCheckpoint(
  storage: Storage,
  folder: string,
): Promise<Checkpoint | string | null> {
  const path = paths.checkpoint(folder);
  if (!await storage.exists(path)) return null;
  try {
    return await decodeCheckpoint(await readRunFile(storage, path));
  } catch (error) {
    return unreadable(path, error).fault;
  }
}
