/**
 * Names the folders of the controls of a lottery experiment, beside its tickets. Touches no file.
 */
import * as paths from "./paths.ts";

/** Controls with the masks of a ticket and other initial weights. */
export const REINIT_KINDS = ["reinit", "reuse", "reuse_sign"] as const;
export type ReinitKind = typeof REINIT_KINDS[number];
/** Controls with as many live weights in each layer as a ticket, at random places. */
export const SPARSITY_KINDS = ["random_sparsity", "random_sparsity_same_init"] as const;
export type SparsityKind = typeof SPARSITY_KINDS[number];
/** All of them. */
export const CONTROL_KINDS = [...REINIT_KINDS, ...SPARSITY_KINDS] as const;
export type ControlKind = typeof CONTROL_KINDS[number];

/** Whether a control has masks of its own. */
export function isSparsityKind(kind: string): kind is SparsityKind {
  return (SPARSITY_KINDS as readonly string[]).includes(kind);
}

/** Names that are taken by controls: reinit1, other_reuse_sign12. */
const CONTROL_NAME = new RegExp(`(^|_)(${CONTROL_KINDS.join("|")})\\d+$`);

/** Whether an experiment of this name could not be told from a control. */
export function isControlName(experimentName: string): boolean {
  return CONTROL_NAME.test(experimentName);
}

/**
 * What the files of an experiment have before or after their names, so that those of two experiments
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

/**
 * Folder of a level's value sets, one-dimensional arrays by layer name: {experiment}/weights/{level}/
 * initialization, as in the original.
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
