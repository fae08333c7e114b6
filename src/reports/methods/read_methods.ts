/** Reads the experiments of a comparison: the finished runs of each method, and what is amiss. */

import { invertedOf, methodsIn, shuffledOf } from "../../analysis/methods/methods.ts";
import { NotFoundError } from "../../errors.ts";
import { METHOD_NAMES } from "../../lottery/methods.ts";
import { sharedDifferences } from "../../lottery/shared_training.ts";
import { methodFolder } from "../../records/experiments/comparison_file.ts";
import type { Storage } from "../../storage/storage.ts";
import { count } from "../../words.ts";
import { readExperiments } from "../read_experiments.ts";
import { type ReportRun, type ReportStudy, studyDifferences } from "../studies.ts";

/** A run of a comparison, see `MethodRun`; its own kind is in its configuration. */
export type ComparedRun = Omit<ReportRun, "kind"> & { kind: string };

/** The contents of the folders of the methods. */
export interface ComparedExperiments {
  /** The methods that have tickets, in the table's order. */
  methods: string[];
  /** The tickets of each, and the controls whose masks are shuffled or of inverted scores. */
  runs: ComparedRun[];
  /** The settings of the first method's runs. */
  settings: ReportStudy["settings"];
  /** Runs that are damaged, with the next action. */
  damage: string[];
  /** Runs that are missing, unfinished, foreign or trained otherwise, in words. */
  notes: string[];
}

/**
 * Reads the runs of all methods that this version knows and that are trained as the first is.
 *
 * @throws NotFoundError if none has a finished run
 */
export async function readMethods(
  storage: Storage,
  root: string,
  names: readonly string[],
): Promise<ComparedExperiments> {
  const damage: string[] = [], notes: string[] = [], runs: ComparedRun[] = [];
  let first: { name: string; study: ReportStudy } | null = null;
  for (const name of new Set(names)) {
    if (!(METHOD_NAMES as readonly string[]).includes(name)) {
      notes.push(`${name} is not a method of this version: left out`);
      continue;
    }
    const found = await readExperiments(storage, [methodFolder(root, name)]).catch((error) => {
      if (!(error instanceof NotFoundError)) throw error;
      notes.push(error.message);
      return null;
    });
    if (found === null) continue;
    damage.push(...found.damage);
    notes.push(...found.notes);
    const [study, ...others] = found.studies;
    first ??= { name, study };
    const differences = sharedDifferences(studyDifferences(first.study, study))
      .concat(seedDifference(first.study, study));
    if (differences.length > 0) {
      notes.push(
        `${name} is not trained as ${first.name} is: ${differences.join("; ")}: left out`,
      );
      continue;
    }
    notes.push(
      ...others.map((other) =>
        `${name}: ${count(other.runs.length, "run")} trained otherwise (${
          studyDifferences(study, other).slice(0, 3).join("; ")
        }), left out`
      ),
      ...study.unfinished.map((folder) => `not finished: ${folder}`),
      ...study.missing.map((run) => `missing: ${name}, ${run}`),
    );
    runs.push(...study.runs.flatMap((run): ComparedRun[] => comparedRun(run, name)));
  }
  const methods = methodsIn(runs, METHOD_NAMES);
  if (methods.length === 0 || first === null) {
    throw new NotFoundError(
      `${root} holds no finished run of a method${
        notes.length > 0 ? ` (${notes[0]})` : ""
      }: run deno task compare --experiment-path ${root} first`,
    );
  }
  return { methods, runs: inTrials(runs), settings: first.study.settings, damage, notes };
}

/** Runs of other seeds have other splits: where no seed is common, there are no pairs to test. */
function seedDifference(one: ReportStudy, other: ReportStudy): string[] {
  const [before, now] = [one, other].map(({ runs }) =>
    new Set(runs.map(({ config }) => config.training.seed))
  );
  if (!before.isDisjointFrom(now)) return [];
  return [`training.seed: ${[...before].join()}, now ${[...now].join()}`];
}

/** The controls of which claims are; the others are part of nothing here. */
function comparedRun(run: ReportRun, method: string): ComparedRun[] {
  if (run.kind === "ticket") return [{ ...run, kind: method }];
  if (run.kind === "inverted") return [{ ...run, kind: invertedOf(method) }];
  return run.kind === "random_sparsity_same_init" ? [{ ...run, kind: shuffledOf(method) }] : [];
}

/** The same trial has the same name in all methods, whatever seeds each folder holds. */
function inTrials(runs: readonly ComparedRun[]): ComparedRun[] {
  const isOne = new Set(runs.map(({ config }) => config.training.seed)).size === 1;
  return runs.map((run) => {
    const { id: { trial }, training: { seed } } = run.config;
    return { ...run, trial: isOne ? `${trial}` : `${trial} of seed ${seed}` };
  });
}
