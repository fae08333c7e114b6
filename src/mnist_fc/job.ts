/**
 * Jobs: what the command line asks for, as runs to train. Takes jobs, carries them out side by side on
 * one queue, so that runs of one shape are replicas whichever job they belong to; gives what failed.
 */

import { LotteryError } from "../errors.ts";
import { type RunQueue, workOf, type WorkRequest } from "../foundations/run_queue.ts";

/** Experiments or single runs that share their settings. */
export interface Job {
  /** Where its runs are kept. */
  readonly folders: readonly string[];
  /** Runs in all, finished ones included. */
  readonly runCount: number;
  /** Runs that were finished before. */
  readonly finishedCount: number;
  /** What every run of the job is, but for its numbers. */
  readonly sample: WorkRequest;
  /** What can go on side by side; each fails for itself. */
  tasks(): (() => Promise<void>)[];
}

/** The work of the runs that jobs have still to train, as `workOf` counts it. */
export function workLeft(jobs: readonly Job[]): number {
  return jobs.reduce(
    (sum, job) => sum + (job.runCount - job.finishedCount) * workOf(job.sample),
    0,
  );
}

/** Runs of jobs in all, and those of them that are still to be trained. */
export function countRuns(jobs: readonly Job[]): { runs: number; left: number } {
  const runs = jobs.reduce((sum, job) => sum + job.runCount, 0);
  return { runs, left: runs - jobs.reduce((sum, job) => sum + job.finishedCount, 0) };
}

/** Carries out jobs; gives the errors of each, and ends all when the GPU is lost. */
export async function runJobs(queue: RunQueue, jobs: readonly Job[]): Promise<unknown[][]> {
  const first = jobs.find(isUnfinished);
  const sideBySide = first && await queue.capacity(first.sample);
  const tasks = jobs.flatMap((job, index) => job.tasks().map((run) => ({ index, run })));
  // While some are trained, as many write their files and wait; but one at a time goes in order.
  const atOnce = sideBySide === 1 ? 1 : sideBySide && 2 * sideBySide;
  const results = await queue.settle(tasks.map(({ run }) => run), atOnce);
  const errors: unknown[][] = jobs.map(() => []);
  results.forEach((result, i) => {
    if (result.status === "rejected") errors[tasks[i].index].push(result.reason);
  });
  return errors;
}

/** The one error of several: the only one, or the first of them with their number. */
export function firstError(errors: readonly unknown[]): unknown {
  const bug = errors.find((error) => !(error instanceof LotteryError));
  if (bug !== undefined || errors.length === 1) return bug ?? errors[0];
  return new LotteryError(`${errors.length} runs failed; the first: ${String(message(errors[0]))}`);
}

function message(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}

function isUnfinished({ runCount, finishedCount }: Job): boolean {
  return finishedCount < runCount;
}
