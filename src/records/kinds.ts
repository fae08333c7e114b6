/**
 * KINDS, the table of the kinds of runs: which masks and initial weights a kind has, and how flags,
 * `--help`, reports and charts name and draw it.
 */

/** A kind of runs. */
interface Kind {
  /** In legends and tables. */
  label: string;
  /** In charts: a colour of the palette, and a point of Vega. */
  color: "blue" | "vermillion" | "green" | "purple" | "orange" | "sky" | "black";
  shape: string;
  /**
   * pruned: by the lottery; ticket: those of the ticket; shuffled: as sparse, elsewhere; inverted:
   * as sparse, by the negated scores of the lottery; given: by flags.
   */
  masks: "pruned" | "ticket" | "shuffled" | "inverted" | "given";
  /**
   * Where initial weights come from. rewound: level 0's; drawn: the initializer, for this run
   * alone; values: those of the tickets, shuffled; signed values: the same, each with the sign that
   * it had; ticket: the ticket's own; given: by flags.
   */
  weights: "rewound" | "drawn" | "values" | "signed values" | "ticket" | "given";
  /** Of a control, completes a sentence of `--help`. */
  help: string;
  /** Of shuffled masks: by this word `random-sparsity --initialization` chooses the kind. */
  initialization?: string;
}

/** In the order in which runs are listed. To add a kind is to add a row. */
export const KINDS = {
  ticket: {
    label: "Ticket",
    ...{ color: "blue", shape: "circle", masks: "pruned", weights: "rewound" },
    help: "the weights that are left, rewound",
  },
  reinit: {
    label: "Reinitialized control",
    ...{ color: "vermillion", shape: "square", masks: "ticket", weights: "drawn" },
    help: "new random weights",
  },
  reuse: {
    label: "Tickets' values, shuffled",
    ...{ color: "green", shape: "diamond", masks: "ticket", weights: "values" },
    help: "values of the tickets' initial weights, shuffled",
  },
  reuse_sign: {
    label: "Tickets' values, signs kept",
    ...{ color: "purple", shape: "triangle-up", masks: "ticket", weights: "signed values" },
    help: "the same, signs kept",
  },
  random_sparsity: {
    label: "Random sparsity",
    ...{ color: "orange", shape: "triangle-down", masks: "shuffled", weights: "drawn" },
    initialization: "random",
    help: "those of the reinit of the same number, so that the two differ in their masks alone",
  },
  random_sparsity_same_init: {
    label: "Random sparsity, ticket's values",
    ...{ color: "sky", shape: "triangle-right", masks: "shuffled", weights: "ticket" },
    initialization: "ticket",
    help: "the ticket's own",
  },
  inverted: {
    label: "Inverted scores, ticket's values",
    ...{ color: "black", shape: "triangle-left", masks: "inverted", weights: "ticket" },
    help: "the ticket's own",
  },
  rewind_point: {
    label: "Up to the rewind point",
    ...{ color: "black", shape: "stroke", masks: "given", weights: "rewound" },
    help: "the full network up to the iteration to which survivors are rewound",
  },
  train: {
    label: "Single network",
    ...{ color: "black", shape: "cross", masks: "given", weights: "given" },
    help: "one network, alone",
  },
} as const satisfies Record<string, Kind>;

/** The name of a kind. */
export type RunKind = keyof typeof KINDS;

/** The kinds with such masks. */
type WithMasks<M extends Kind["masks"]> = {
  [K in RunKind]: (typeof KINDS)[K]["masks"] extends M ? K : never;
}[RunKind];

/** Controls with the masks of a ticket and other initial weights. */
export type ReinitKind = WithMasks<"ticket">;
/** Controls with as many live weights in each layer as a ticket, at random places. */
export type ShuffledKind = WithMasks<"shuffled">;
/** Controls as sparse as a ticket, with other weights live. */
export type SparsityKind = WithMasks<"shuffled" | "inverted">;
/** All controls of a lottery. */
export type ControlKind = ReinitKind | SparsityKind;

/** All kinds, in order. */
export const RUN_KINDS = Object.keys(KINDS) as RunKind[];
/** The kinds of `reinitialize`. */
export const REINIT_KINDS = RUN_KINDS.filter((kind): kind is ReinitKind =>
  KINDS[kind].masks === "ticket"
);
/** The kinds of `random-sparsity` with shuffled masks. */
export const SHUFFLED_KINDS = RUN_KINDS.filter((kind): kind is ShuffledKind =>
  KINDS[kind].masks === "shuffled"
);
/** The kinds of `random-sparsity`. */
export const SPARSITY_KINDS = RUN_KINDS.filter((kind): kind is SparsityKind =>
  KINDS[kind].masks === "shuffled" || KINDS[kind].masks === "inverted"
);
