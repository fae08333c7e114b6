/** Names that several modules of this folder share. */

/** Name of an experiment that is given none, as in the original. */
export const DEFAULT_EXPERIMENT_NAME = "same_init";
