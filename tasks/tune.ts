/**
 * `deno task tune`: measures what src/engine/tuned.json chooses for this machine's class of
 * adapters, one setting after the other, and rewrites it. Results of training do not depend on the
 * tile shapes; which kernels train a network of a density, and in how many parts they make the
 * first layer's sums, does decide its last bits, and is kept in each run.json.
 */

import { fromFileUrl } from "@std/path";
import { adamSpec, type Gpu, openGpu, type Program } from "../src/engine/mod.ts";
import { adapterClass, TUNED, type Tuned } from "../src/engine/kernels/tiles.ts";
import { formatTable } from "../src/analysis/table.ts";
import { boolean, integer } from "../src/flags/kinds.ts";
import { words } from "../src/flags/lists.ts";
import { chooseCrossover, chooseReplicas } from "../src/foundations/tuning/measures.ts";
import { TimedProgram } from "../src/foundations/tuning/network_bench.ts";
import {
  Budget,
  type Pace,
  Search,
  timeAlone,
  type Timed,
  type Trial,
} from "../src/foundations/tuning/search.ts";
import {
  BELOW,
  BELOW_IMAGES,
  FINE,
  PARTS,
  REPLICA_CHOICES,
  type Setting,
} from "../src/foundations/tuning/settings.ts";
import { once } from "../src/memo.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { NETWORKS } from "../src/models/networks.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { examplesAtHand, mnistLocationFlag } from "./lib/examples_at_hand.ts";
import { randomNetworks } from "./lib/random_networks.ts";
import {
  lotteryTickets,
  nearestTicket,
  type NetworkOptions,
  networkProgram,
  type Ticket,
  timeEvaluation,
  type Uploaded,
  uploadSets,
} from "./lib/bench/network_program.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "tune",
  summary:
    "Measures tile shapes, replicas and the density below which lists of live weights are faster " +
    "on this adapter, and rewrites src/engine/tuned.json.",
  flags: {
    mnistLocation: mnistLocationFlag,
    rounds: integer({
      min: 1,
      max: 100,
      default: 5,
      help: "measurements of each; the median counts",
    }),
    iterations: integer({ min: 5, max: 1000, default: 100, help: "iterations per measurement" }),
    only: words({
      words: ["dense", "parts", "images", "lists", "replicas", "crossover"],
      help:
        "settings to measure; the others keep their values. dense, images, lists: tile shapes " +
        "of these kernels; parts: parts of the first layer's sums; replicas: runs at once; " +
        "crossover: the density below which lists are faster",
      defaultText: "all",
    }),
    write: boolean({ default: true, help: "print the measurements, and leave the table alone" }),
    json: boolean({ help: "print the results as one JSON document" }),
  },
  examples: [
    "deno task tune",
    "deno task tune --no-write --rounds 9",
    "deno task tune --only lists",
  ],
};

/** How many iterations of LeNet-300-100 take as long as one of LeNet-5. */
const IMAGE_ITERATIONS = 10;
/** Densities of networks that take images, around where lists begin to win. */
const IMAGE_DENSITIES = [0.5, 0.4, 0.33, 0.26, 0.2, 0.15, 0.1];
/** The tile shapes of lists are measured at this density. */
const SPARSE_DENSITY = 0.05;
/** Densities of tickets around where lists begin to win: sparser ones win by far. */
const DENSITIES = { most: 0.6, least: 0.05 };
/** Evaluations of 10,000 examples for each iteration of the paper's protocol: 15,000 every 100. */
const EVALUATIONS = 0.015;

await runTask(task, async (flags) => {
  await ensureAdapter(task.name);
  const gpu = await openGpu();
  const sets = await examplesAtHand(flags.mnistLocation);
  const uploaded = await uploadSets(gpu, sets);
  const name = adapterClass(gpu.adapter);
  notice(`${gpu.adapter.name} (${name}), ${navigator.hardwareConcurrency} cores, ${sets.name}`);
  const optimizer = adamSpec(1.2e-3), trials: Trial[] = [];
  const paceOf = (share: number): Pace => ({
    rounds: flags.rounds,
    iterations: () => Math.max(5, Math.ceil(flags.iterations / share)),
    isThorough: true,
    budget: new Budget(),
    onTrial: (trial) => {
      trials.push(trial);
      notice(`  ${trial.setting} ${trial.chosen}   (ms: ${timesText(trial).join(", ")})`);
    },
    onRefusal: (line) => notice(`  ${line}`),
  });
  const pace = paceOf(1);
  let tuned = gpu.tuned;
  const networkOf = async (tuned: Tuned, options: Partial<NetworkOptions>) =>
    new TimedProgram(await networkProgram(gpu.tunedAs(tuned), uploaded, { optimizer, ...options }));
  /** Chooses settings, one after the other. */
  const choose = async (
    settings: readonly Setting[],
    options: Partial<NetworkOptions>,
    pace: Pace,
  ) => {
    const search = await Search.begin(tuned, (tuned) => networkOf(tuned, options), pace);
    for (const setting of settings) await search.choose(setting);
    search.end();
    tuned = search.tuned;
  };
  const isAsked = (part: NonNullable<typeof flags.only>[number]) =>
    flags.only === undefined || flags.only.includes(part);
  if (isAsked("dense")) await choose(FINE.dense, {}, pace);
  if (isAsked("parts")) await choose([PARTS], {}, pace);
  if (isAsked("images")) {
    const { hidden } = NETWORKS["lenet-5"];
    await choose(FINE.images, { hidden }, paceOf(IMAGE_ITERATIONS));
  }
  const findTickets = once(() =>
    lotteryTickets(gpu.tunedAs(tuned), uploaded, { density: SPARSE_DENSITY })
  );
  if (isAsked("lists")) {
    const { masks } = nearestTicket(await findTickets(), SPARSE_DENSITY);
    await choose(FINE.lists, { isSparse: true, masks }, pace);
  }
  if (isAsked("replicas")) {
    const make = (replicas: number) => networkOf(tuned, { replicas });
    const { isDecided, chosen } = await chooseReplicas(make, pace);
    tuned = { ...tuned, replicas: isDecided ? chosen as number : null };
  }
  if (isAsked("crossover")) {
    const replicas = tuned.replicas ?? REPLICA_CHOICES.at(-1)!;
    const how = { replicas, pace: paceOf(replicas) };
    const below = await measureCrossover(gpu.tunedAs(tuned), uploaded, await findTickets(), how);
    tuned = { ...tuned, sparse: { ...tuned.sparse, below } };
    const few = paceOf(2 * IMAGE_ITERATIONS);
    const belowImages = await measureImageCrossover(gpu.tunedAs(tuned), uploaded, few);
    tuned = { ...tuned, sparse: { ...tuned.sparse, belowImages } };
  }

  const today = new Date().toISOString().slice(0, 10);
  const cores = `${navigator.hardwareConcurrency} cores`;
  tuned = { ...tuned, measured: `${gpu.adapter.name}, ${cores}, ${today}` };
  if (flags.write) {
    const file = fromFileUrl(new URL("../src/engine/tuned.json", import.meta.url));
    const text = JSON.stringify({ ...TUNED, [name]: tuned }, null, 2) + "\n";
    await new DenoStorage().write(file, new TextEncoder().encode(text));
    notice(`wrote ${file}`);
  }
  const rows = trials.map((trial) => [
    trial.setting,
    trial.isDecided ? `${trial.chosen}` : "as many as fit",
    timesText(trial).join("  "),
  ]);
  print(
    flags.json
      ? JSON.stringify({ adapter: gpu.adapter, class: name, tuned, trials }, null, 2)
      : formatTable(["setting", "chosen", "milliseconds"], rows, "lrl"),
  );
  gpu.destroy();
});

function timesText({ milliseconds }: Trial): string[] {
  return Object.entries(milliseconds).map(([value, ms]) => `${value}: ${ms.toFixed(3)}`);
}

/** A program whose iterations each come with their share of the paper's evaluations. */
function evaluated(program: Program, uploaded: Uploaded): Timed {
  const timed = new TimedProgram(program);
  return {
    time: async (iterations) =>
      await timed.time(iterations) + EVALUATIONS * await timeEvaluation(program, uploaded, 1),
    destroy: () => program.destroy(),
  };
}

/**
 * The density at which lists of live weights begin to win, among the tickets of a lottery: by the
 * time of an iteration and its share of the paper's evaluations, of as many replicas as are best.
 */
async function measureCrossover(
  gpu: Gpu,
  uploaded: Uploaded,
  tickets: readonly Ticket[],
  { replicas, pace }: { replicas: number; pace: Pace },
): Promise<number> {
  const how = { optimizer: adamSpec(1.2e-3), replicas };
  const make = async (masks?: Float32Array[]) => {
    const options = { ...how, masks, isSparse: masks !== undefined };
    return evaluated(await networkProgram(gpu, uploaded, options), uploaded);
  };
  const near = tickets.filter(({ density: d }) => d < DENSITIES.most && d > DENSITIES.least)
    .map(({ density, masks }) => async () => ({ density, network: await make(masks) }));
  const network = await make();
  const milliseconds = await timeAlone(network, pace.iterations(0), pace);
  const { chosen } = await chooseCrossover(BELOW, near, { network, milliseconds }, pace);
  network.destroy();
  return chosen as number;
}

/**
 * The same of networks that take images: the least of the crossovers of LeNet-5 and Conv-2, so that
 * lists are not chosen where they lose. Iterations alone count.
 */
async function measureImageCrossover(gpu: Gpu, uploaded: Uploaded, pace: Pace): Promise<number> {
  const crossovers: number[] = [];
  for (const name of ["lenet-5", "conv-2"] as const) {
    const { dense, listed } = randomNetworks(gpu, uploaded, name, IMAGE_DENSITIES);
    const network = new TimedProgram(await dense());
    const milliseconds = await timeAlone(network, pace.iterations(0), pace);
    const makers = listed.map(({ density, make }) => async () => ({
      density,
      network: new TimedProgram(await make()),
    }));
    const setting = `${BELOW_IMAGES}, ${name}`;
    const { chosen } = await chooseCrossover(setting, makers, { network, milliseconds }, pace);
    network.destroy();
    crossovers.push(chosen as number);
  }
  return Math.min(...crossovers);
}
