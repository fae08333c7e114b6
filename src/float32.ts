/** Limits of 32-bit floats, in which GPUs compute. */

/** The least positive number that a 32-bit float holds in full, and that no GPU takes for 0. */
export const LEAST_FLOAT = 2 ** -126;
