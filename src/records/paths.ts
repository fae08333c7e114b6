/** Names every file and folder of an experiment (the original's paths.py). */
import { InputError } from "../errors.ts";
import { checkName } from "../models/names.ts";

/** Weights before the first iteration, one `.npy` per layer. */
export const initial = (run: string): string => join(run, "initial");

/** Weights after the last iteration. */
export const final = (run: string): string => join(run, "final");

/** Masks that the run was trained with. */
export const masks = (run: string): string => join(run, "masks");

/** Masks over time, of a run whose masks changed: a folder by iteration, as `maskStep` names it. */
export const maskHistory = (run: string): string => join(run, "mask_history");

/** Masks that came into force at an iteration of such a run. */
export const maskStep = (run: string, iteration: number): string =>
  join(maskHistory(run), `${checkNumber(iteration, "iteration")}`);

/** Biases before the first iteration. */
export const initialBiases = (run: string): string => join(run, "initial_biases");

/** Biases after the last iteration. */
export const finalBiases = (run: string): string => join(run, "final_biases");

/** Log of a phase: "train", "validate", "test". */
export const log = (run: string, name: string): string =>
  join(run, `${checkName(name, "log name")}.log`);

/** Folder of TensorBoard event files. */
export const summaries = (run: string): string => join(run, "summaries");

/** The event file. TensorBoard knows it by its beginning; usually time and host follow. */
export const events = (run: string): string =>
  join(summaries(run), "events.out.tfevents.0000000000.lottery");

/** Curves of a run in one JSON. */
export const metrics = (run: string): string => join(run, "metrics.json");

/** Everything needed to repeat the run; its presence says that the run is complete. */
export const record = (run: string): string => join(run, "run.json");

/** State of a run that is being trained, to resume from; gone when the run is finished. */
export const checkpoint = (run: string): string => join(run, "checkpoint.bin");

/** Says that what is in a run's folder is being written; gone when the run is finished. */
export const unfinished = (run: string): string => join(run, ".unfinished");

/** Held by the process that works in a folder: that of a run, or of many. */
export const lock = (folder: string): string => join(folder, ".lock");

/** Whether a file's name is that of a lock, or of a host's claim to one. */
export const isLock = (name: string): boolean => name === lock("") || name.startsWith(".lock.");

/** Weights, masks or biases of one layer. */
export const layer = (folder: string, name: string): string =>
  join(folder, `${checkName(name, "layer name")}.npy`);

/** Folder of a trial: parent/trial{t}. */
export const trial = (parent: string, t: number): string =>
  join(parent, `trial${checkNumber(t, "trial")}`);

/**
 * Folder of a run: parent/{level}/{experimentName}{runId}, or parent/{level} if both are empty.
 *
 * ```ts
 * import { paths } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const trial = paths.trial("results/mnist-paper", 2);
 * assertEquals(paths.run(trial, 3, "reinit", "1"), "results/mnist-paper/trial2/3/reinit1");
 * assertEquals(paths.masks(paths.run(trial, 3, "same_init")), `${trial}/3/same_init/masks`);
 * ```
 *
 * @throws InputError if the name would leave its folder or is that of a file inside a run
 */
export function run(parent: string, level: number, experimentName = "", runId = ""): string {
  const folder = join(parent, `${checkNumber(level, "level")}`);
  const name = experimentName + runId;
  if (name === "") return folder;
  checkName(name, "experiment name");
  if (RESERVED.has(name)) {
    throw new InputError(
      `experiment name "${name}" is that of a file inside a run: choose another name`,
    );
  }
  return join(folder, name);
}

/** A named run may lie inside an unnamed one of its level, beside that one's own folders. */
const RESERVED = new Set(
  [
    ...[initial, final, masks, maskHistory, initialBiases, finalBiases],
    ...[summaries, metrics, record, checkpoint],
  ].map((f) => f("")).concat(["train", "validate", "test"].map((phase) => log("", phase))),
);

/** The folder beside this one for what is moved out of it: results.aside1. */
export const aside = (folder: string, n: number): string =>
  `${folder.replace(/\/+$/, "")}.aside${checkNumber(n, "number")}`;

/** Whether a folder's name is that of one to which damaged runs were moved. */
export const isAside = (name: string): boolean => /\.aside\d+$/.test(name);

/** The name of what was moved to a folder of such a name. */
export const beforeAside = (name: string): string => name.replace(/\.aside\d+$/, "");

function checkNumber(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InputError(`${what} ${value} cannot be used: give an integer, 0 or more`);
}

function join(parent: string, name: string): string {
  return parent === "" || parent.endsWith("/") ? parent + name : `${parent}/${name}`;
}
