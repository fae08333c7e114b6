/** NETWORKS, the table of the networks that protocols train. */

/** A fully connected network; its output layer has one unit per class. */
export interface NetworkRow {
  /** Widths of the hidden ReLU layers. */
  hidden: readonly number[];
  /** Where it is from. */
  source: string;
}

export const NETWORKS = {
  "lenet-300-100": { hidden: [300, 100], source: "LeCun et al. 1998; the paper, section 2" },
} as const satisfies Record<string, NetworkRow>;
