/** Colours of charts. */

/** Okabe and Ito's palette, distinguishable with every kind of colour vision (jfly, 2008). */
export const PALETTE = {
  blue: "#0072B2",
  vermillion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  black: "#000000",
} as const;

/**
 * From dense to sparse: viridis without its yellow end, which is too faint on white (van der Walt &
 * Smith 2015).
 */
export const DENSITY_COLORS = [
  "#440154",
  "#414487",
  "#2A788E",
  "#22A884",
  "#7AD151",
] as const;

/** Below, at and above a mean: all light enough for dark numbers on them. */
export const DEVIATION_COLORS = ["#E8A33D", "#F4F3F0", "#5AA9DC"] as const;

/** Few to many: viridis (van der Walt & Smith 2015) at five equal steps. */
export const VIRIDIS = ["#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725"] as const;
