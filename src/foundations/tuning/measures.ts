/** What is measured of an adapter beside tile shapes: replicas, and where lists begin to win. */

import { MARGIN, type Pace, timeAgainst, timeAlone, type Timed, type Trial } from "./search.ts";
import { REPLICA_CHOICES, REPLICAS } from "./settings.ts";

/**
 * The fewest replicas that give the most iterations per second; undecided where more may give more.
 *
 * @param make a network of so many replicas
 * @param most how many there will be
 */
export async function chooseReplicas(
  make: (replicas: number) => Promise<Timed>,
  pace: Pace,
  most: number = REPLICA_CHOICES.at(-1)!,
): Promise<Trial> {
  const { budget, isThorough, onTrial } = pace;
  const values = REPLICA_CHOICES.filter((replicas) => replicas <= most), times: number[] = [];
  // One that is no better may be chance, two are not.
  const isPast = () =>
    times.length > 2 && Math.min(...times.slice(-2)) > MARGIN * Math.min(...times.slice(0, -2));
  for (const replicas of values) {
    if (!isThorough && isPast() || !budget.isLeft()) break;
    const perReplica = async () => {
      const network = await make(replicas);
      try {
        const first = await network.time(1) / replicas;
        const iterations = Math.ceil(pace.iterations(first) / replicas);
        return await timeAlone(network, iterations, pace) / replicas;
      } finally {
        network.destroy();
      }
    };
    times.push(await budget.measure(perReplica));
  }
  const best = Math.min(...times) / MARGIN;
  const chosen = values[times.findIndex((time) => time <= best)];
  const isDecided = isPast() || times.length === REPLICA_CHOICES.length && chosen !== values.at(-1);
  const trial: Trial = {
    setting: REPLICAS,
    milliseconds: Object.fromEntries(times.map((time, i) => [values[i], time])),
    ...{ chosen, isDecided },
  };
  onTrial?.(trial);
  return trial;
}

/** A network as lists of live weights, and its share of them. */
export interface Listed {
  network: Timed;
  density: number;
}

/**
 * The density at which lists of live weights begin to win over whole matrices, or below which they
 * were seen to where the time was over; undecided where nothing was tried by then.
 *
 * @param makers   make networks, by falling density
 * @param dense    the same network as whole matrices
 */
export async function chooseCrossover(
  setting: string,
  makers: readonly (() => Promise<Listed>)[],
  dense: { network: Timed; milliseconds: number },
  pace: Pace,
): Promise<Trial> {
  const milliseconds: Record<string, number> = { dense: dense.milliseconds };
  const densities: number[] = [];
  /** Whether lists lose, as measured. */
  const measure = (make: () => Promise<Listed>): Promise<boolean> =>
    pace.budget.measure(async () => {
      const { network, density } = await make();
      try {
        const time = await timeAgainst(network, dense, pace);
        milliseconds[density.toFixed(4)] = time;
        densities.push(density);
        return time >= dense.milliseconds;
      } finally {
        network.destroy();
      }
    });
  let isDecided = true;
  if (pace.isThorough) {
    for (const make of makers) await measure(make);
  } else {
    // Sparser networks than one whose lists win have lists that win too.
    for (let first = 0, end = makers.length; first < end;) {
      // None takes longer than the first one, whose kernels all others share.
      isDecided = pace.budget.isLeft(1);
      if (!isDecided) break;
      const middle = (first + end) >> 1;
      if (await measure(makers[middle])) first = middle + 1;
      else end = middle;
    }
  }
  densities.sort((a, b) => b - a);
  // Of halves that were not all tried, lists are taken where they were seen to win.
  const winner = densities.find((density) => milliseconds[density.toFixed(4)] < dense.milliseconds);
  const seen = Math.floor(100 * (winner ?? 0)) / 100;
  const chosen = isDecided
    ? crossoverOf(densities, milliseconds)
    : densities.length > 0
    ? seen
    : null;
  isDecided ||= chosen !== null;
  const trial: Trial = { setting, milliseconds, chosen, isDecided };
  pace.onTrial?.(trial);
  return trial;
}

/**
 * The density between the sparsest network for which whole matrices are faster and the next
 * sparser one.
 *
 * @param densities falling
 * @param times     by density, to four places, and of "dense"
 */
export function crossoverOf(
  densities: readonly number[],
  times: Readonly<Record<string, number>>,
): number {
  const loses = (density: number) => times[density.toFixed(4)] >= times.dense;
  const sparsestLoser = densities.findLast(loses) ?? 1;
  const densestWinner = densities.find((density) => density < sparsestLoser) ?? 0;
  return Math.round(100 * Math.sqrt(sparsestLoser * densestWinner)) / 100;
}
