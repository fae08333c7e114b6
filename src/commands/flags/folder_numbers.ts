/**
 * Reads the numbers of a run from its folder's name, as in the original's argfiles, which give them
 * nowhere else: …/trial3/2/reinit4. Touches no file.
 */

import { UsageError } from "../../errors.ts";
import { isControlName } from "../../records/experiments/control_paths.ts";
import { quote } from "../../flags/flags.ts";

/** As --trials, --levels and --runs take them. */
const BOUNDS = { trial: [1, 1000], level: [0, 1000], run: [1, 100000] } as const;

/**
 * A number in the path of a trial or of a run; undefined where it says none.
 *
 * @throws UsageError if no trial, level or run has that number
 */
export function numberIn(folder: string, what: "trial" | "level" | "run"): number | undefined {
  const names = folder.split("/").filter((name) => name !== "" && name !== ".");
  const at = names.findLastIndex((name) => /^trial\d+$/.test(name));
  const last = names.at(-1) ?? "";
  const name = {
    trial: names[at],
    level: at >= 0 && /^\d+$/.test(names[at + 1] ?? "") ? names[at + 1] : undefined,
    run: isControlName(last) && /\d$/.test(last) ? last : undefined,
  }[what];
  if (name === undefined) return undefined;
  const value = Number(/\d+$/.exec(name)![0]), [min, max] = BOUNDS[what];
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `--output-dir ${quote(folder)} names ${what} ${value}, not one from ${min} to ${max}: give ` +
      `--${what}s, or another folder`,
  );
}
