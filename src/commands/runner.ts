/**
 * A runner is a task that trains (the original's mnist_fc/runners), as a function from its flags to
 * a job. The tasks of that name carry out one job, the argfile runner those of many lines at once.
 */

import { UsageError } from "../errors.ts";
import { validateMasks } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import { readNetwork } from "../records/network_source.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import { union } from "../foundations/union.ts";
import type { Storage } from "../storage/storage.ts";
import type { FlagSet, FlagValues } from "../flags/flags.ts";
import type { Job } from "../runs/job.ts";
import type { Locks } from "../runs/locks.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { identityOf } from "../runs/config.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import type { RunEvents } from "../runs/provide.ts";
import { describeRun, type RunId, type StartedRun } from "../records/run_id.ts";
import type { RunConfig } from "../runs/schema.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";
import { type DatasetChoice, DATASETS, isPublished, USUAL } from "../datasets/datasets.ts";

/** The part of the context that planning a job needs. */
export type PlanContext = Pick<RunnerContext, "storage" | "environmentLocation" | "loadData"> & {
  events: Pick<JobEvents, "onNotice">;
};

/** Receives what happens to a job. */
export interface JobEvents extends Omit<RunEvents, "onStart" | "onRun"> {
  /** A run is finished, or was found so; and, where there are several, its experiment's name. */
  onRun?(run: FinishedRun, experiment?: string): void;
  /** A stage begins, "level 3/10"; and, where it is known, a run. */
  onStage(stage: string, run: StartedRun | null): void;
}

/** The events of a job's runs. `stageOf` returns the stage in words; `experiment` names it. */
export function runEvents(
  { events }: Pick<RunnerContext, "events">,
  stageOf: (run: RunId) => string,
  experiment?: string,
): RunEvents {
  return {
    ...events,
    onStart: (run) => events.onStage(stageOf(run), run),
    onRun: (run) => events.onRun?.(run, experiment),
  };
}

/** The surroundings of a runner; the same for all jobs that are carried out together. */
export interface RunnerContext {
  storage: Storage;
  queue: RunQueue;
  /** The folders that this process holds; released when it ends. */
  locks: Locks;
  /** Value of MNIST_LOCATION; null if it is not set. */
  environmentLocation: string | null;
  /** Returns the same object for the same examples: only then can runs be replicas of one program. */
  loadData(dataset: DatasetChoice, location: string | null): Promise<LoadedDataset>;
  events: JobEvents;
}

/** Results as text, and as one JSON document. */
export interface Report {
  text: string;
  json: Record<string, unknown>;
}

/** A job that is ready to be carried out. */
export interface OpenJob {
  job: Job;
  /** Where its results go. */
  output: string;
  /** The runs to train. */
  plan: Plan;
  /** The settings of the job, as names and texts. */
  header: readonly [name: string, text: string][];
  /** After the job is carried out. */
  report(): Promise<Report>;
}

/** The runs of a job and their folders: two jobs must have neither in common. */
export interface Plan {
  /** The folders that its runs write. */
  folders: readonly string[];
  /** Its runs, as `identityOf` has them; of a lottery, those of level 0. */
  runs: readonly { identity: string; words: string }[];
  /** The comparison that it is a part of: its folder, and the full network as all train it. */
  comparison?: { folder: string; full: RunConfig };
}

/** The plan of runs in these folders. */
export function planOf(folders: readonly string[], configs: readonly RunConfig[]): Plan {
  const runs = configs.map((config) => ({
    identity: identityOf(config),
    words: describeRun(config.id),
  }));
  return { folders, runs };
}

/** A task that trains. */
export interface Runner<S extends FlagSet> {
  /** Name of the task in deno.json. */
  name: string;
  /** One sentence. */
  summary: string;
  flags: S;
  /** Whole command lines. */
  examples: readonly string[];
  /** @throws UsageError for flags that exclude each other; needs no GPU. */
  check(values: FlagValues<S>): void;
  /** Plans the job without a GPU; null where only opening it tells. Throws as `open`. */
  plan(values: FlagValues<S>, context: PlanContext): Promise<Plan | null>;
  /** Reads what the job needs and looks at its folders; trains nothing. */
  open(values: FlagValues<S>, context: RunnerContext): Promise<OpenJob>;
}

/** Loads the examples that the flags name. MNIST_LOCATION says nothing of other datasets. */
export async function loadExamples(
  context: PlanContext,
  dataset: DatasetChoice,
  location: string | undefined,
): Promise<LoadedDataset> {
  const wanted = dataset === "auto" ? USUAL : dataset;
  const isOfVariable = isPublished(wanted) && DATASETS[wanted].environment !== undefined;
  return await context.loadData(
    dataset,
    location ?? (isOfVariable ? context.environmentLocation : null),
  );
}

/**
 * The union of the masks of some folders or files; null for none, or for masks that prune nothing.
 * Notices name the layers that they lack.
 *
 * @throws InputError if they are not masks of these layers
 */
export async function readMasks(
  { storage, events }: Pick<PlanContext, "storage" | "events">,
  sources: readonly string[] = [],
  parameters: readonly Parameter[],
): Promise<Network | null> {
  const networks: Network[] = [];
  for (const source of sources) {
    networks.push(await readNetwork(storage, source, "masks", parameters));
  }
  const masks = union(...networks);
  validateMasks(masks, parameters);
  const isPruned = Object.keys(masks).length > 0;
  sources.forEach((source, i) => {
    const lacking = lackingLayers(networks[i], parameters);
    const nowhere = lacking.filter((name) => !Object.hasOwn(masks, name));
    const elsewhere = lacking.filter((name) => Object.hasOwn(masks, name));
    if (isPruned && nowhere.length > 0) {
      events.onNotice(`${source} has no mask of ${nowhere.join(", ")}: not pruned there`);
    }
    if (elsewhere.length > 0) {
      events.onNotice(
        `${source} has no mask of ${elsewhere.join(", ")}: the other masks decide there`,
      );
    }
  });
  return isPruned ? masks : null;
}

/** The initial weights of a folder or file; null for none. Notices name missing layers. */
export async function readPresets(
  { storage, events }: Pick<PlanContext, "storage" | "events">,
  source: string | undefined,
  parameters: readonly Parameter[],
): Promise<Network | null> {
  if (source === undefined) return null;
  const presets = await readNetwork(storage, source, "initial", parameters);
  const lacking = lackingLayers(presets, parameters);
  if (lacking.length > 0) {
    events.onNotice(
      `${source} has no weights of ${lacking.join(", ")}: these start at random`,
    );
  }
  return presets;
}

function lackingLayers(network: Network, parameters: readonly Parameter[]): string[] {
  return prunableOf(parameters).map(({ name }) => name).filter((name) =>
    !Object.hasOwn(network, name)
  );
}

/**
 * The number in a list that must have just one, such as `--trials 3` of a single run; undefined
 * without a list.
 *
 * @throws UsageError if it has more
 */
export function single(
  values: readonly number[] | undefined,
  flag: string,
): number | undefined {
  if (values === undefined || values.length === 1) return values?.[0];
  throw new UsageError(
    `${flag} names ${values.length} numbers, but a single run has one: give one`,
  );
}
