/**
 * `random-sparsity`: networks as sparse as the tickets of a finished experiment, with other weights
 * live: at random places in each layer (the paper's appendix on random sparsity), or those with the
 * smallest scores (Frankle et al. 2021, pruning at initialization).
 */

import { UsageError } from "../errors.ts";
import { words } from "../flags/lists.ts";
import { reinitializeFlags } from "./flags/reinitialize_flags.ts";
import { openControls } from "./controls.ts";
import { checkDatasetFlags } from "./lottery.ts";
import type { Runner } from "./runner.ts";
import { KINDS, SHUFFLED_KINDS, SPARSITY_KINDS, type SparsityKind } from "../records/kinds.ts";

const { experimentPath, levels, runs, trials, experimentName } = reinitializeFlags;
const { dataset, mnistLocation, replicas, kernels, tune } = reinitializeFlags;
const { resume, checkpointInterval, overwrite, json } = reinitializeFlags;

/** Every flag of `random-sparsity`. */
export const randomSparsityFlags = {
  experimentPath,
  places: words({
    words: ["shuffled", "inverted"],
    help: "which weights are live. shuffled: as many in each layer as in the ticket, at random; " +
      "inverted: of a lottery pruned at initialization (run-lottery --prune-at init), as many as " +
      "in the ticket, those with the smallest scores, and with the ticket's own initial weights; " +
      "of synflow the smallest scores of the full network, in one shot; a list for both",
    defaultText: "shuffled",
    group: experimentPath.group,
  }),
  initialization: words({
    words: SHUFFLED_KINDS.map((kind) => KINDS[kind].initialization),
    help: "initial weights of --places shuffled: " + SHUFFLED_KINDS.map((kind) =>
      `${KINDS[kind].initialization} (${KINDS[kind].help})`
    ).join(" or ") + "; a list for both",
    defaultText: "random",
    group: experimentPath.group,
  }),
  levels: { ...levels, help: "of which levels", defaultText: "all of the experiment" },
  runs: { ...runs, help: "numbers of the runs of each ticket", defaultText: "1-3" },
  trials: { ...trials, help: "of which trials", defaultText: "all of the experiment" },
  experimentName,
  ...{ dataset, mnistLocation, replicas, kernels, tune },
  ...{ resume, checkpointInterval, overwrite, json },
};

/** Trains controls with other weights live: `deno task random-sparsity`. */
export const randomSparsityRunner: Runner<typeof randomSparsityFlags> = {
  name: "random-sparsity",
  summary:
    "Trains networks as sparse as the tickets of a finished lottery experiment, with other masks: " +
    "random within each layer, or of the smallest scores.",
  flags: randomSparsityFlags,
  examples: [
    "deno task random-sparsity --experiment-path results/mnist-quick",
    "deno task random-sparsity --initialization random,ticket --trials 1-2 --levels 1-10 --runs 1",
    "deno task random-sparsity --experiment-path results/mnist-quick-compare/snip " +
    "--places inverted --runs 1",
  ],
  check(flags) {
    checkDatasetFlags(flags);
    const { places = ["shuffled"], initialization = ["ticket"] } = flags;
    if (places.includes("shuffled") || initialization.join() === "ticket") return;
    throw new UsageError(
      `--initialization ${initialization.join()} applies to --places shuffled alone, and ` +
        "inverted networks have the ticket's initial weights: leave it out, or add shuffled to " +
        "--places",
    );
  },
  // The controls of an experiment are planned as its folder is opened.
  plan: () => Promise.resolve(null),
  async open(flags, context) {
    const { places = ["shuffled"], initialization = ["random"] } = flags;
    const isAsked = (kind: SparsityKind) =>
      kind === "inverted" || initialization.includes(KINDS[kind].initialization);
    const kinds = SPARSITY_KINDS.filter((kind) =>
      places.includes(KINDS[kind].masks) && isAsked(kind)
    );
    return await openControls(flags, kinds, context, { chart: "random-sparsity" });
  },
};
