/** Kinds of networks in figures: each has its name, colour and point shape in every chart. */

import { KINDS, type RunKind } from "../records/kinds.ts";
import { PALETTE } from "./palette.ts";

/** The name of a kind: of a run, or "one_shot" for the tickets of a lottery that pruned once. */
export type SeriesKind = RunKind | "one_shot";

const { train, ...kinds } = KINDS;
const ONE_SHOT = { label: "One-shot ticket", color: "black", shape: "cross" } as const;

/** The name, colour and point shape of each kind of network, in the order of legends. */
export const SERIES = Object.fromEntries(
  Object.entries({ ...kinds, one_shot: ONE_SHOT, train }).map(([kind, { label, color, shape }]) => [
    kind,
    { label, color: PALETTE[color], shape },
  ]),
) as Readonly<Record<SeriesKind, { label: string; color: string; shape: string }>>;

/** All kinds, in that order. */
export const SERIES_KINDS = Object.keys(SERIES) as SeriesKind[];
