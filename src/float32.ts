/** Limits of 32-bit floats, in which GPUs compute. */

/** The least positive number that a 32-bit float holds in full, and that no GPU takes for 0. */
export const LEAST_FLOAT = 2 ** -126;

/** The greatest number that a 32-bit float holds. */
export const GREATEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;
