/**
 * `random-sparsity`: networks that have as many live weights in each layer as the tickets of a
 * finished experiment, at random places (the paper's appendix on random sparsity).
 */

import { words } from "../flags/lists.ts";
import { reinitializeFlags } from "./flags/reinitialize_flags.ts";
import { openControls } from "./controls.ts";
import { checkDatasetFlags } from "./lottery.ts";
import type { Runner } from "./runner.ts";
import { KINDS, SPARSITY_KINDS } from "../records/kinds.ts";

const { experimentPath, levels, runs, trials, experimentName } = reinitializeFlags;
const { dataset, mnistLocation, replicas, kernels } = reinitializeFlags;
const { resume, checkpointInterval, overwrite, json } = reinitializeFlags;

/** Every flag of `random-sparsity`. */
export const randomSparsityFlags = {
  experimentPath,
  initialization: words({
    words: SPARSITY_KINDS.map((kind) => KINDS[kind].initialization),
    help: "initial weights: " + SPARSITY_KINDS.map((kind) =>
      `${KINDS[kind].initialization} (${KINDS[kind].help})`
    ).join(" or ") + "; a list for both",
    defaultText: "random",
    group: experimentPath.group,
  }),
  levels: { ...levels, help: "of which levels", defaultText: "all of the experiment" },
  runs: { ...runs, help: "numbers of the runs of each ticket", defaultText: "1-3" },
  trials: { ...trials, help: "of which trials", defaultText: "all of the experiment" },
  experimentName,
  ...{ dataset, mnistLocation, replicas, kernels },
  ...{ resume, checkpointInterval, overwrite, json },
};

/** Trains controls at random places: `deno task random-sparsity`. */
export const randomSparsityRunner: Runner<typeof randomSparsityFlags> = {
  name: "random-sparsity",
  summary:
    "Trains networks as sparse in each layer as the tickets of a finished lottery experiment, " +
    "with the live weights at random places.",
  flags: randomSparsityFlags,
  examples: [
    "deno task random-sparsity --experiment-path results/mnist-quick",
    "deno task random-sparsity --initialization random,ticket --trials 1-2 --levels 1-10 --runs 1",
  ],
  check: checkDatasetFlags,
  // The controls of an experiment are planned as its folder is opened.
  plan: () => Promise.resolve(null),
  async open(flags, context) {
    const { initialization = ["random"] } = flags;
    const kinds = SPARSITY_KINDS.filter((kind) =>
      initialization.includes(KINDS[kind].initialization)
    );
    return await openControls(flags, kinds, context, { chart: "random-sparsity" });
  },
};
