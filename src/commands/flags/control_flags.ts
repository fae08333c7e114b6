/** The flags that choose controls: of `reinitialize`, and of the argfile with a line for each. */

import { intRanges, words } from "../../flags/lists.ts";
import { KINDS, REINIT_KINDS } from "../../records/kinds.ts";

const group = "Controls";

/** Choose controls; the default of each flag differs between the tasks. */
export const controlFlags = {
  experiment: words({
    words: REINIT_KINDS,
    help: "which controls: " + REINIT_KINDS.map((kind) => `${kind} (${KINDS[kind].help})`)
      .join(", ") +
      "; a list for several",
    defaultText: "reinit",
    group,
  }),
  levels: intRanges({
    min: 0,
    max: 1000,
    help: "levels whose controls to train; for a single run, the level of its data order",
    defaultText:
      "all of the experiment; of a single run, that of --output-dir …/trial3/2/…, else that " +
      "of the run whose masks it gets, else 0",
    group,
  }),
  runs: intRanges({
    min: 1,
    max: 100000,
    help: "numbers of the runs of each kind, trial and level; for a single run, its number",
    defaultText: "1-3; of a single run, that of --output-dir …/reinit2, else 1",
    group,
  }),
};
