/** Kinds of networks as figures show them: each has its name, colour and point shape in every chart. */

import { PALETTE } from "./palette.ts";

/** The name, colour and point shape of each kind of network. */
export const SERIES = {
  ticket: { label: "Ticket", color: PALETTE.blue, shape: "circle" },
  reinit: { label: "Random reinitialization", color: PALETTE.vermillion, shape: "square" },
  reuse: { label: "Tickets' values, shuffled", color: PALETTE.green, shape: "diamond" },
  reuse_sign: { label: "Tickets' values, signs kept", color: PALETTE.purple, shape: "triangle-up" },
  random_sparsity: { label: "Random sparsity", color: PALETTE.orange, shape: "triangle-down" },
  random_sparsity_same_init: {
    label: "Random sparsity, ticket's values",
    color: PALETTE.sky,
    shape: "triangle-right",
  },
  one_shot: { label: "One-shot ticket", color: PALETTE.black, shape: "cross" },
  train: { label: "Single network", color: PALETTE.black, shape: "cross" },
} as const;

/** The name of a kind. */
export type SeriesKind = keyof typeof SERIES;

/** All kinds, in the order in which legends have them. */
export const SERIES_KINDS = Object.keys(SERIES) as SeriesKind[];
