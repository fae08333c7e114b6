/** `report --watch`: writes a report again whenever the finished runs of its experiments change. */

import { NotFoundError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import type { Storage } from "../storage/storage.ts";
import { type ReportOptions, writeReport } from "./report.ts";
import { findRunFolders } from "../records/tree.ts";

/** Options of `watchReport`. */
export interface WatchOptions extends Omit<ReportOptions, "reloadSeconds"> {
  signal: AbortSignal;
  /** Given the text of each report that was written. */
  onReport: (text: string) => void;
  onNotice: (line: string) => void;
  /** Between two looks at the folders. */
  seconds?: number;
}

/** Between two looks; a report of a whole experiment takes about as long to write. */
const LOOK_SECONDS = 5;

/** Returns when the signal says so. The page that is left then is loaded again no more. */
export async function watchReport(options: WatchOptions): Promise<void> {
  const { storage, roots, signal, onReport, onNotice, seconds = LOOK_SECONDS } = options;
  let seen: string | null = null, hasReport = false;
  onNotice("watching; press ctrl-C to stop");
  while (!signal.aborted) {
    const now = await finishedRuns(storage, roots);
    if (now !== seen) {
      seen = now;
      try {
        const { text } = await writeReport({ ...options, reloadSeconds: 2 * seconds });
        onReport(text);
        hasReport = true;
      } catch (error) {
        // An experiment that has just begun.
        if (!(error instanceof NotFoundError)) throw error;
        onNotice(`waiting: ${error.message}`);
      }
    }
    await sleep(seconds, signal);
  }
  if (hasReport) await writeReport({ ...options, reloadSeconds: null });
}

/** Which runs there are, and which of them are finished. */
async function finishedRuns(storage: Storage, roots: readonly string[]): Promise<string> {
  const trees = await Promise.all(roots.map((root) => findRunFolders(storage, root)));
  const folders = trees.flatMap(({ runs }) => runs);
  const isFinished = await Promise.all(
    folders.map((folder) => storage.exists(paths.record(folder))),
  );
  return JSON.stringify([folders, isFinished]);
}

async function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, 1000 * seconds);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    signal.addEventListener("abort", end);
  });
}
