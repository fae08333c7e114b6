/**
 * Where an experiment goes when the person names no folder: its usual one, or the next free one
 * beside it, so that another seed needs no other name. The same settings again find the folder they
 * made.
 */

import { joinLine } from "../../../flags/shell_words.ts";
import type { ExperimentEntry } from "../../messages.ts";
import type { ValidSettings } from "./settings_form.ts";
import { FALLBACK, USUAL } from "../../../datasets/datasets.ts";
import { pruningSuffix } from "../../../commands/lottery.ts";

const PATH_FLAG = "--experiment-path=", TRIALS_FLAG = "--trials=";

/** What an experiment is, wherever it is and however many trials it has by now. */
const identity = (args: readonly string[]) =>
  joinLine(args.filter((arg) => !arg.startsWith(PATH_FLAG) && !arg.startsWith(TRIALS_FLAG)));

/** The arguments that add trials to an experiment of these ones; null where it was none here. */
export function moreTrialsArgs(
  { path, request }: ExperimentEntry,
  trials: readonly number[],
  more: number,
): string[] | null {
  const args = request.find(({ task }) => task === "run-lottery")?.args;
  if (!args || trials.length === 0) return null;
  const kept = args.filter((arg) => !arg.startsWith(PATH_FLAG) && !arg.startsWith(TRIALS_FLAG));
  const [first, last] = [Math.min(...trials), Math.max(...trials) + more];
  return [...kept, `${TRIALS_FLAG}${first}-${last}`, `${PATH_FLAG}${path}`];
}

/** The folder that the command line would take; `auto` is decided by what is here. */
function usualPath({ values, protocol: settings }: ValidSettings, hasMnist: boolean): string {
  const { dataset, protocol, oneShot } = values;
  const name = dataset !== "auto" ? dataset : hasMnist ? USUAL : FALLBACK;
  return `results/${name}-${protocol}${pruningSuffix({ ...settings, oneShot })}`;
}

/** The arguments to run, with a folder where the usual one holds something else. */
export function placedArgs(
  settings: ValidSettings,
  entries: readonly ExperimentEntry[],
  hasMnist: boolean,
): string[] {
  const { args, values } = settings;
  if (values.experimentPath !== undefined) return args;
  const own = identity(args);
  const usual = usualPath(settings, hasMnist);
  for (let n = 1;; n++) {
    const path = n === 1 ? usual : `${usual}-${n}`;
    const placed = n === 1 ? args : [...args, `${PATH_FLAG}${path}`];
    const entry = entries.find((entry) => entry.path === path);
    const isOwn = entry?.request.some(({ task, args }) =>
      task === "run-lottery" && identity(args) === own
    );
    if (!entry || isOwn) return placed;
  }
}
