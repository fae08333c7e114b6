/**
 * Jobs: runs to train that the command line asks for. They are carried out side by side on one
 * queue, so that runs of one shape are replicas, also those of different jobs.
 */

import { CapacityError, LockedError, LotteryError } from "../errors.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import type { WorkRequest } from "../foundations/queue/train_request.ts";

/** Experiments or single runs that share their settings. */
export interface Job {
  /** Where its runs are kept. */
  readonly folders: readonly string[];
  /** Runs in all, finished ones included. */
  readonly runCount: number;
  /** Runs that were finished before. */
  readonly finishedCount: number;
  /** Most of its runs that can be trained at once as `sample` is. */
  readonly atOnce: number;
  /** A run of the job, of the shape of most. */
  readonly sample: WorkRequest;
  /** The work of its runs that are still to be trained, as `workOf` counts it. */
  readonly work: number;
  /** The runs that were provided so far, in order. */
  readonly runs: readonly FinishedRun[];
  /** The tasks, which can run side by side; each fails for itself. */
  tasks(): (() => Promise<void>)[];
}

/** The work of the runs that jobs have still to train, as `workOf` counts it. */
export function workLeft(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { work }) => sum + work, 0);
}

/** Runs of jobs in all, and those of them that are still to be trained. */
export function countRuns(jobs: readonly Job[]): { runs: number; left: number } {
  const runs = jobs.reduce((sum, job) => sum + job.runCount, 0);
  return { runs, left: runs - jobs.reduce((sum, job) => sum + job.finishedCount, 0) };
}

/**
 * Carries out jobs; returns the errors of each, and ends all when the GPU is lost. Jobs of which
 * more runs are to be trained at once than fit fail before anything is made for them.
 */
export async function runJobs(queue: RunQueue, jobs: readonly Job[]): Promise<unknown[][]> {
  const misfits = await findMisfits(queue, jobs.filter(isUnfinished));
  const fitting = jobs.filter((job) => !misfits.has(job));
  const first = fitting.find(isUnfinished);
  const sideBySide = first && await queue.capacity(first.sample);
  const tasks = fitting.flatMap((job) => job.tasks().map((run) => ({ job, run })));
  // While some are trained, as many write their files and wait; but one at a time goes in order.
  const atOnce = sideBySide === 1 ? 1 : sideBySide && 2 * sideBySide;
  const results = await queue.runSideBySide(tasks.map(({ run }) => run), atOnce);
  const errors = new Map(jobs.map((job) => [job, misfits.has(job) ? [misfits.get(job)] : []]));
  results.forEach((result, i) => {
    if (result.status === "rejected") errors.get(tasks[i].job)!.push(result.reason);
  });
  return jobs.map((job) => errors.get(job)!);
}

/** The jobs whose runs, with those of other jobs, are more replicas of one program than fit. */
async function findMisfits(queue: RunQueue, jobs: readonly Job[]): Promise<Map<Job, unknown>> {
  const misfits = new Map<Job, unknown>();
  for (const group of Map.groupBy(jobs, ({ sample }) => queue.groupKey(sample)).values()) {
    const atOnce = group.reduce((sum, job) => sum + job.atOnce, 0);
    try {
      await queue.checkFits(group[0].sample, atOnce);
    } catch (error) {
      if (!(error instanceof CapacityError)) throw error;
      for (const job of group) misfits.set(job, error);
    }
  }
  return misfits;
}

/**
 * The one error of several: the only one, or the first of them with their number. If all say that
 * another process works there, so does it.
 */
export function firstError(errors: readonly unknown[]): unknown {
  const bug = errors.find((error) => !(error instanceof LotteryError));
  if (bug !== undefined || errors.length === 1) return bug ?? errors[0];
  if (errors.every((error) => error instanceof LockedError)) return errors[0];
  return new LotteryError(`${errors.length} runs failed; the first: ${String(message(errors[0]))}`);
}

function message(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}

function isUnfinished({ runCount, finishedCount }: Job): boolean {
  return finishedCount < runCount;
}
