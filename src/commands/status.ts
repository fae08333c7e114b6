/**
 * `status`: which runs of an experiment are done, running, failed or waiting, from its folder
 * alone: records, plans, and what the owners of locks say.
 */

import { formatDuration } from "./progress.ts";
import * as paths from "../records/paths.ts";
import { type FileFault, within } from "../records/record.ts";
import { walkTree } from "../records/tree.ts";
import { isPlan, readPlan } from "../runs/work_plan.ts";
import { NotFoundError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { count } from "../words.ts";

/** What a run is; "begun": it has a checkpoint, and nobody trains it. */
const RUN_STATES = ["done", "running", "begun", "waiting", "failed"] as const;
export type RunState = typeof RUN_STATES[number];

/** What a process says with its heartbeat. */
export interface WorkNote {
  /** Runs that it has still to finish. */
  runs: number;
  /** Of the runs that it trains now. */
  iteration: number;
  iterations: number;
  /** Until its runs are finished; null before that is known. */
  secondsLeft: number | null;
}

/** A process that lives and holds a lock. */
export interface Owner {
  host: string;
  pid: number;
  note: WorkNote | null;
}

/** What a folder holds, whoever lives. */
export interface Survey {
  /** Real paths of folders by the paths at which they were found, of runs and of folders above. */
  runs: Map<string, { isDone: boolean; isBegun: boolean; failure: string | null }>;
  /** Folders in which there is a lock file. */
  locked: string[];
  /** Folders and plans of which nothing is known. */
  faults: FileFault[];
}

/** A run and its state. */
export interface RunStatus {
  folder: string;
  trial: number | null;
  level: number | null;
  state: RunState;
  host: string | null;
  failure: string | null;
}

/** The state of an experiment. */
export interface Status {
  runs: RunStatus[];
  processes: (Owner & { running: number })[];
  /** Folders and plans that cannot be read: there may be more runs. */
  faults: FileFault[];
  /** Null where nobody works, or nobody can say. */
  secondsLeft: number | null;
}

/** Looks at everything below a folder. */
export async function survey(storage: Storage, root: string): Promise<Survey> {
  const found: Survey = { runs: new Map(), locked: [], faults: [] };
  const failures = new Map<string, string>(), planned: string[] = [];
  for await (const { path, entries, kind, fault } of walkTree(storage, root)) {
    if (fault) found.faults.push(fault);
    if (kind === "aside") continue;
    const names = new Set(entries.map(({ name }) => name));
    if (entries.some(({ name }) => paths.isLock(name))) found.locked.push(path);
    if (kind === "run") {
      const isDone = names.has(paths.record(""));
      const isBegun = [paths.checkpoint(""), paths.unfinished("")].some((name) => names.has(name));
      found.runs.set(path, { isDone, isBegun, failure: null });
    }
    for (const name of [...names].filter(isPlan)) {
      const place = within(path, name), plan = await readPlan(storage, place);
      if (plan === null && await storage.exists(place)) {
        found.faults.push({ path: place, fault: "is not a plan of runs; remove it" });
      }
      for (const run of plan?.runs ?? []) planned.push(within(path, run));
      for (const [run, failure] of Object.entries(plan?.failed ?? {})) {
        // Also of a run that an edited plan does not list.
        planned.push(within(path, run));
        failures.set(within(path, run), failure);
      }
    }
  }
  for (const run of planned) {
    if (!found.runs.has(run)) found.runs.set(run, { isDone: false, isBegun: false, failure: null });
  }
  for (const [run, failure] of failures) found.runs.get(run)!.failure = failure;
  if (found.runs.size === 0) {
    throw new NotFoundError(
      `${root} holds no run and no plan of one: give the folder of an experiment`,
    );
  }
  return found;
}

/** @param owners of the locks of folders, where somebody lives */
export function statusOf({ runs, faults }: Survey, owners: ReadonlyMap<string, Owner>): Status {
  const ownerOf = (folder: string): Owner | undefined => {
    for (let path = folder; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) {
      const owner = owners.get(path);
      if (owner) return owner;
    }
    return owners.get(".");
  };
  const running = new Map<string, Status["processes"][number]>();
  const list = [...runs].map(([folder, run]): RunStatus => {
    const owner = run.isDone ? undefined : ownerOf(folder);
    // Who holds a trial trains those of its runs that it has begun.
    const isRunning = owner !== undefined && (run.isBegun || owners.has(folder));
    const state = run.isDone
      ? "done"
      : isRunning
      ? "running"
      : run.failure !== null
      ? "failed"
      : run.isBegun
      ? "begun"
      : "waiting";
    if (isRunning) {
      const key = `${owner.host} ${owner.pid}`;
      if (!running.has(key)) running.set(key, { ...owner, running: 0 });
      running.get(key)!.running++;
    }
    const { failure } = run;
    return {
      folder,
      ...numbersOf(folder),
      state,
      host: isRunning ? owner.host : null,
      failure: state === "failed" ? failure : null,
    };
  });
  list.sort((a, b) =>
    (a.trial ?? -1) - (b.trial ?? -1) || (a.level ?? -1) - (b.level ?? -1) ||
    (a.folder < b.folder ? -1 : 1)
  );
  const processes = [...running.values()].sort((a, b) => a.host < b.host ? -1 : 1);
  const left = list.filter(({ state }) => state !== "done" && state !== "failed").length;
  const secondsLeft = left === 0 ? 0 : timeLeft(left, processes);
  return { runs: list, processes, faults, secondsLeft };
}

/** Until those that work have done theirs, and what nobody has yet at the speed that they have. */
function timeLeft(runs: number, processes: Status["processes"]): number | null {
  let longest = 0, speed = 0, theirs = 0;
  for (const { note, running } of processes) {
    if (!note?.secondsLeft || note.runs === 0) {
      theirs += running;
      continue;
    }
    longest = Math.max(longest, note.secondsLeft);
    speed += note.runs / note.secondsLeft;
    theirs += note.runs;
  }
  return speed === 0 ? null : longest + Math.max(0, runs - theirs) / speed;
}

function numbersOf(folder: string): { trial: number | null; level: number | null } {
  const [, trial, level] = /(?:^|\/)trial(\d+)\/(\d+)(?:\/|$)/.exec(folder) ?? [];
  return { trial: trial ? Number(trial) : null, level: level ? Number(level) : null };
}

/** The status as text: a line per trial and level, per process, and for all. */
export function statusText({ runs, processes, faults, secondsLeft }: Status): string {
  const groups = Map.groupBy(
    runs,
    ({ trial, level }) => trial === null ? "other runs" : `trial ${trial}  level ${level}`,
  );
  const width = Math.max(...[...groups.keys()].map(({ length }) => length));
  const tally = (some: readonly RunStatus[]) =>
    RUN_STATES.flatMap((state) => {
      const n = some.filter((run) => run.state === state).length;
      return n === 0 ? [] : [`${n} ${state}`];
    });
  const left = secondsLeft === null
    ? processes.length === 0 ? "nothing runs" : "time left not yet known"
    : `${formatDuration(secondsLeft)} left`;
  return [
    ...[...groups].map(([name, some]) => `${name.padEnd(width)}  ${tally(some).join(", ")}`),
    ...processes.map(({ host, pid, note, running }) =>
      `on ${host}, process ${pid}: ${count(running, "run")} now` +
      (note
        ? `, iteration ${note.iteration}/${note.iterations}, ${count(note.runs, "run")} to finish` +
          (note.secondsLeft === null ? "" : `, ${formatDuration(note.secondsLeft)} left`)
        : "")
    ),
    ...runs.filter(({ failure }) => failure !== null).map(({ folder, failure }) =>
      `${folder}  failed: ${failure}`
    ),
    ...faults.map(({ path, fault }) => `${path} ${fault}`),
    `${count(runs.length, "run")}: ${tally(runs).join(", ")}` +
    (runs.every(({ state }) => state === "done") ? "" : `; ${left}`),
  ].join("\n");
}
