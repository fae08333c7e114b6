/** Names the folders of the other runs of a lottery experiment, beside its tickets. */
import * as paths from "../paths.ts";
import { type ControlKind, REINIT_KINDS, SPARSITY_KINDS } from "../kinds.ts";

const REWIND_POINT = "rewind_point", SCORES = "scores";

/** Names that are taken: reinit1, other_reuse_sign12, rewind_point, other_scores. */
const CONTROL_NAME = new RegExp(
  `(^|_)((${[...REINIT_KINDS, ...SPARSITY_KINDS].join("|")})\\d+|${REWIND_POINT}|${SCORES})$`,
);

/** Whether an experiment of this name could not be told from a control. */
export function isControlName(experimentName: string): boolean {
  return CONTROL_NAME.test(experimentName);
}

/**
 * The prefix or suffix of the names of an experiment's files, so that those of two experiments
 * in one folder are not the same; nothing for the default one.
 */
export function experimentSuffix(experimentName: string): string {
  return experimentName === DEFAULT_EXPERIMENT_NAME ? "" : experimentName;
}

/** Folder of a control's run: {trial folder}/{level}/reinit1, as in the original. */
export function controlFolder(
  trialFolder: string,
  level: number,
  kind: ControlKind,
  run: number,
  experimentName: string,
): string {
  const suffix = experimentSuffix(experimentName);
  return paths.run(trialFolder, level, suffix && `${suffix}_`, `${kind}${run}`);
}

/** Folder of the run up to the rewind point: {trial folder}/0/rewind_point. */
export function rewindPointFolder(trialFolder: string, experimentName: string): string {
  const suffix = experimentSuffix(experimentName);
  return paths.run(trialFolder, 0, suffix && `${suffix}_`, REWIND_POINT);
}

/** Folder of the scores of a ticket's weights, beside its own: {trial folder}/{level}/scores. */
export function scoresFolder(ticketFolder: string): string {
  const start = ticketFolder.lastIndexOf("/") + 1;
  const suffix = experimentSuffix(ticketFolder.slice(start));
  return ticketFolder.slice(0, start) + (suffix && `${suffix}_`) + SCORES;
}

/**
 * Folder of a level's value sets, one-dimensional arrays by layer name:
 * {experiment}/weights/{level}/ initialization, as in the original.
 */
export function valueSetFolder(
  experimentPath: string,
  level: number,
  experimentName: string,
): string {
  const suffix = experimentSuffix(experimentName);
  const parent = `${experimentPath.replace(/\/$/, "")}/weights`;
  return paths.run(parent, level, suffix && `${suffix}_`, "initialization");
}

/** Name of an experiment that is given none, as in the original. */
export const DEFAULT_EXPERIMENT_NAME = "same_init";
