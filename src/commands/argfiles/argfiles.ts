/** Argfiles (the original's mnist_fc/argfiles): one line of flags per run. */

import * as paths from "../../records/paths.ts";
import { joinLine } from "../../flags/shell_words.ts";
import { controlFolder, valueSetFolder } from "../../records/experiments/control_paths.ts";
import { KINDS, type ReinitKind } from "../../records/kinds.ts";

/** Where the runs go, and what all lines have. */
export interface ArgfileOptions {
  experimentPath: string;
  trials: readonly number[];
  /** Flags as they are written, such as `--protocol=paper`. */
  flags: readonly string[];
}

/** A line per trial for `run-lottery`. */
export function* lotteryLines({ experimentPath, trials, flags }: ArgfileOptions) {
  for (const trial of trials) {
    const folder = paths.trial(experimentPath, trial);
    yield joinLine([`--output-dir=${folder}`, `--trials=${trial}`, ...flags]);
  }
}

/** Which controls. */
export interface ReinitializeOptions extends ArgfileOptions {
  experimentName: string;
  experiments: readonly ReinitKind[];
  levels: readonly number[];
  runs: readonly number[];
}

/** A line per control, trial, level and run for `reinitialize`. */
export function* reinitializeLines(options: ReinitializeOptions) {
  const { experimentPath, experimentName, experiments, trials, levels, runs, flags } = options;
  for (const kind of experiments) {
    const { weights } = KINDS[kind];
    for (const trial of trials) {
      const parent = paths.trial(experimentPath, trial);
      for (const level of levels) {
        const ticket = paths.run(parent, level, experimentName);
        const values = valueSetFolder(experimentPath, level, experimentName);
        for (const run of runs) {
          yield joinLine([
            `--masks=${paths.masks(ticket)}`,
            `--output-dir=${controlFolder(parent, level, kind, run, experimentName)}`,
            ...(weights === "drawn" ? [] : [`--initialization-distribution=${values}`]),
            ...(weights === "signed values" ? [`--same-sign=${paths.initial(ticket)}`] : []),
            ...[`--trials=${trial}`, `--levels=${level}`, `--runs=${run}`],
            ...flags,
          ]);
        }
      }
    }
  }
}
