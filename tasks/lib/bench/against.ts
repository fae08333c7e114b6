/** Measures our iterations and those of peers in turn, in one run. */

import type { Program } from "../../../src/engine/mod.ts";
import { notice } from "../support.ts";
import { median } from "../../../src/foundations/tuning/search.ts";
import { timeIterations } from "./network_program.ts";
import { type Peer, timePeer } from "./peers.ts";
import type { Rows } from "./rows.ts";

/** How often and how long each is measured. */
export interface Pace {
  rounds: number;
  iterations: number;
}

/** Times, in milliseconds per iteration. */
interface Times {
  ours: number;
  /** Of the faster way of each peer; null where it cannot be run. */
  theirs: (number | null)[];
}

/**
 * Adds the lines of a program and of its peers.
 *
 * @param label "SGD", "Adam"
 * @param kind  of the optimizer, as peers name it
 * @param peers and the most that ours may take of their time
 */
export async function compareWith(
  rows: Rows,
  program: Program,
  { label, kind, peers }: { label: string; kind: string; peers: readonly [Peer, number][] },
  pace: Pace,
): Promise<void> {
  const { ours, theirs } = await against(program, kind, peers.map(([peer]) => peer), pace);
  rows.push({ what: `${label}, ours`, value: ours, unit: "ms/iteration" });
  peers.forEach(([peer, most], i) => {
    const value = theirs[i], what = `${label}, ${peer.name}`;
    if (value === null) return notice(`  ${what}: cannot be run; ${peer.install}`);
    rows.push({ what, value, unit: "ms/iteration" });
    if (most < 1) {
      const row = { what: `${what} / ours`, value: value / ours, unit: "×" };
      rows.atLeast(row, Math.round(1 / most));
    } else {
      rows.atMost({ what: `${label}, ours / ${peer.name}`, value: ours / value, unit: "×" }, most);
    }
  });
}

/** Medians of ours and of each peer, measured in turn, the order reversed in every other round. */
async function against(
  program: Program,
  kind: string,
  peers: readonly Peer[],
  { rounds, iterations }: Pace,
): Promise<Times> {
  const ours: number[] = [];
  /** By peer, by way, by round. */
  const theirs: (number[][] | null)[] = peers.map(({ ways }) => ways.map(() => []));
  const measurements = [
    async () => {
      ours.push(await timeIterations(program, iterations));
    },
    ...peers.map((peer, p) => async () => {
      if (theirs[p] === null) return;
      const times = await timePeer(peer, kind);
      if (times === null) theirs[p] = null;
      else times.forEach((time, way) => theirs[p]![way].push(time));
    }),
  ];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? measurements : measurements.toReversed();
    for (const measure of order) await measure();
  }
  const best = (ways: number[][] | null) => ways && Math.min(...ways.map(median));
  return { ours: median(ours), theirs: theirs.map(best) };
}
