/** How a lottery prunes: by which scores, where weights compete, and when. */

import type { CriterionName } from "./criteria.ts";
import type { DynamicSpec } from "./dynamic.ts";
import { INIT_CRITERIA, type InitCriterionName } from "./init_criteria.ts";
import type { Percents, Scope } from "./pruning.ts";

/** How weights are pruned for the next level. */
export interface Pruning {
  /** By what they are sorted: a row of CRITERIA, or of INIT_CRITERIA with `at`. */
  criterion: CriterionName | InitCriterionName;
  /** Where they compete. */
  scope: Scope;
  /** Of layers that lose weights; layers at 0 or not named are left alone. */
  percents: Percents;
  /** "init": masks are made before training. Absent: from trained weights, level by level. */
  at?: "init";
  /** Training batches over which scores are means, where they depend on examples. */
  scoreBatches?: number;
  /** How masks change within each level, whose densities are the usual ones. Absent: they stay. */
  dynamic?: Omit<DynamicSpec, "live">;
}

/** Where weights compete: a criterion that says how many each layer keeps leaves no choice. */
export function scopeOf(
  { criterion, scope, at }: Pick<Pruning, "criterion" | "scope" | "at">,
): Scope {
  const isFree = at !== "init" || INIT_CRITERIA[criterion as InitCriterionName].isGlobal !== null;
  return isFree ? scope : "layer";
}
