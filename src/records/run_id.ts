/** Which run of an experiment (kind, trial, level, number), and the order of runs in lists. */

import type { Masks } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import { type ControlKind, RUN_KINDS, type RunKind } from "./kinds.ts";

/** Which run of an experiment; also what its random numbers depend on beside the seed. */
export interface RunId {
  /** Its kind. */
  kind: RunKind;
  /** Number of its trial, from 1. */
  trial: number;
  /** Prunings before it. */
  level: number;
  /** Number of the run beside others of its kind and level; 0 for tickets. */
  run: number;
}

/** A run that begins to wait for the GPU, its network, and the shape of an example. */
export type StartedRun = RunId & {
  masks: Masks;
  /** Weights before training, by layer. */
  weights: Network;
  imageShape: readonly number[];
};

/** A trial's ticket of a level. */
export function ticketId(trial: number, level: number): RunId {
  return { kind: "ticket", trial, level, run: 0 };
}

/** A control at a level: its masks with other initial weights. Runs count from 1. */
export function controlId(kind: ControlKind, trial: number, level: number, run: number): RunId {
  return { kind, trial, level, run };
}

/** A run in words: "reinit 2, trial 1, level 3". */
export function describeRun({ kind, trial, level, run }: RunId): string {
  return `${kind}${run > 0 ? ` ${run}` : ""}, trial ${trial}, level ${level}`;
}

/** Compares runs as they are listed: tickets, then controls, by level, then by trial and number. */
export function inOrder(a: RunId, b: RunId): number {
  return rank(a) - rank(b) || a.level - b.level || a.trial - b.trial || a.run - b.run;
}

export function rank({ kind }: Pick<RunId, "kind">): number {
  return RUN_KINDS.indexOf(kind);
}

/** A trial's training up to the iteration to which its survivors are rewound. */
export function rewindPointId(trial: number): RunId {
  return { kind: "rewind_point", trial, level: 0, run: 0 };
}

/** The one control that the lottery experiment itself trains at a level: reinit1. */
export function ownControlId(trial: number, level: number): RunId {
  return controlId("reinit", trial, level, 1);
}
