/** CRITERIA, the table of the criteria by which a lottery prunes between two levels. */

import type { Gpu } from "../engine/mod.ts";
import type { Masks } from "../models/masks.ts";
import type { LevelResult } from "./experiment.ts";
import { type Percents, pruneByPercent } from "./pruning.ts";

/** A criterion. */
export interface Criterion {
  /** Completes a sentence of `--help`. */
  help: string;
  /** The next level's masks: of each layer named, the fraction with the smallest score goes. */
  prune(gpu: Gpu, percents: Percents, result: LevelResult): Promise<Masks>;
}

export const CRITERIA = {
  magnitude: {
    help: "the smallest final weights go (the paper, section 2)",
    prune: (gpu, percents, { masks, final }) => pruneByPercent(gpu, percents, masks, final),
  },
} as const satisfies Record<string, Criterion>;

/** The name of a criterion. */
export type CriterionName = keyof typeof CRITERIA;
/** All of them. */
export const CRITERION_NAMES = Object.keys(CRITERIA) as CriterionName[];
