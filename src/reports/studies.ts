/**
 * Sorts finished runs into studies (see analysis/study.ts), each run once, and says of every other
 * one why it is left out.
 */

import type { StudyRun } from "../analysis/study.ts";
import { canonicalJson, configDifferences, identityOf, settingsOf } from "../runs/config.ts";
import { describeRun, inOrder } from "../records/run_id.ts";
import type { RunConfig, RunSettings } from "../runs/schema.ts";

/** A finished run with what its record says. */
export interface ReportRun extends StudyRun {
  trial: string;
  config: RunConfig;
  /** SHA-256 of its files, by their path in its folder. */
  files: Record<string, string>;
  adapter: string;
}

/** The input of an experiment beside its settings. */
interface Given {
  pruning: Omit<NonNullable<RunConfig["pruning"]>, "oneShot"> | null;
  rewind: RunConfig["rewind"];
  prunedWeights: RunConfig["prunedWeights"];
  presets: "given" | null;
  masks: "given" | null;
}

/** Runs that were trained alike. */
export interface ReportStudy {
  /** Their common settings; the seed is that of one of them. */
  settings: RunSettings;
  /** The same of what their lottery was given; null where there are no tickets. */
  given: Given | null;
  /** Why they are no part of a study of the same settings, where that is not plain from these. */
  apart: string | null;
  runs: ReportRun[];
  /** Runs that others of the same kinds, trials and levels let expect, in words. */
  missing: string[];
  /** Runs that are being trained, or were interrupted. */
  unfinished: string[];
}

/** Returns the digest of a ticket's masks, as the configurations of its controls have it. */
export type MasksDigest = (ticket: ReportRun) => Promise<string | null>;

/** Keeps one of several copies of a run; `onFault` names the others, and why they are left out. */
export function withoutCopies(
  runs: readonly ReportRun[],
  onFault: (line: string) => void,
): ReportRun[] {
  const known = new Map<string, ReportRun>();
  for (const run of runs) {
    const identity = identityOf(run.config), twin = known.get(identity);
    if (!twin) known.set(identity, run);
    else if (twin.folder !== run.folder) {
      onFault(
        canonicalJson(twin.files) === canonicalJson(run.files)
          ? `${run.folder} is a copy of ${twin.folder}: left out`
          : `${run.folder} is another training of the run in ${twin.folder}, with other bits ` +
            `(on ${run.adapter}; that one on ${twin.adapter}): left out`,
      );
    }
  }
  return [...known.values()];
}

/** The studies of runs of which no two are the same; the one with the most runs first. */
export async function intoStudies(
  runs: readonly ReportRun[],
  unfinished: readonly string[],
  masksDigest: MasksDigest,
): Promise<ReportStudy[]> {
  const studies: Omit<ReportStudy, "settings" | "missing" | "unfinished">[] = [];
  for (const alike of Map.groupBy(runs, ({ config }) => settingsKey(config)).values()) {
    for (const { given, runs } of await byLottery(alike, masksDigest)) {
      for (const part of onePerPlace(runs)) studies.push({ given, ...part });
    }
  }
  studies.sort((a, b) => b.runs.length - a.runs.length);
  return studies.map((study) => {
    const { runs } = study;
    const seeds = new Set(runs.map(({ config }) => config.training.seed));
    // Where there is but one seed, the trial's number says it all.
    if (seeds.size === 1) { for (const run of runs) run.trial = `${run.config.id.trial}`; }
    runs.sort((a, b) => inOrder(a.config.id, b.config.id));
    const places = new Set(runs.map(({ folder }) => trialFolder(folder)));
    return {
      ...study,
      settings: settingsOf(runs[0].config),
      missing: missingOf(runs),
      unfinished: unfinished.filter((folder) => places.has(trialFolder(folder))),
    };
  });
}

/** Why two studies are not one: `batchSize: 60, now 32`. */
export function studyDifferences(one: ReportStudy, other: ReportStudy): string[] {
  const settings = withoutSeed(one.settings), others = withoutSeed(other.settings);
  const given = one.given && other.given ? configDifferences(one.given, other.given) : [];
  const alone = other.given === null && one.given !== null ? ["without tickets of their own"] : [];
  const apart = other.apart ? [other.apart] : one.apart ? [one.apart] : [];
  return [...configDifferences(settings, others), ...given, ...alone, ...apart];
}

/** The folder of a run's trial: {trial}/{level}/{name}. */
export function trialFolder(run: string): string {
  return run.split("/").slice(0, -2).join("/");
}

/** The key of runs that are compared: all of their settings but the seed. */
function settingsKey(config: RunConfig): string {
  return canonicalJson(withoutSeed(settingsOf(config)));
}

/** The digest of the examples stands for their shape, which earlier records do not have. */
function withoutSeed({ network, training, dataset }: RunSettings) {
  const { seed: _seed, ...others } = training, { shape: _shape, ...examples } = dataset;
  return { network, training: others, dataset: examples };
}

/**
 * Runs of the same settings by what their lottery was given. All but tickets belong to the lottery
 * whose masks they have: their record names these by a digest, which is asked for only where there
 * is a choice.
 */
async function byLottery(
  runs: readonly ReportRun[],
  masksDigest: MasksDigest,
): Promise<{ given: Given | null; runs: ReportRun[] }[]> {
  const isTicket = ({ config }: ReportRun) => config.id.kind === "ticket";
  const byGiven = Map.groupBy(
    runs.filter(isTicket),
    ({ config }) => canonicalJson(givenTo(config)),
  );
  const lotteries: { given: Given | null; runs: ReportRun[] }[] = [...byGiven.values()]
    .map((tickets) => ({ given: givenTo(tickets[0].config), runs: tickets }));
  const others = runs.filter((run) => !isTicket(run));
  if (others.length === 0) return lotteries;
  if (lotteries.length === 0) return [{ given: null, runs: others }];
  const alone: ReportRun[] = [];
  if (lotteries.length === 1) {
    const [{ runs: own }] = lotteries;
    const tickets = new Map(own.map((ticket) => [placeOf(ticket), ticket]));
    for (const run of others) (hasOtherMasks(run, tickets) ? alone : own).push(run);
    return alone.length > 0 ? [...lotteries, { given: null, runs: alone }] : lotteries;
  }
  const tickets: { group: ReportRun[]; digest: string | null; folder: string }[] = [];
  for (const { runs } of lotteries) {
    for (const ticket of runs) {
      const digest = await masksDigest(ticket), folder = trialFolder(ticket.folder);
      tickets.push({ group: runs, digest, folder });
    }
  }
  const ofMasks = Map.groupBy(tickets, ({ digest }) => digest);
  for (const run of others) {
    const { masks } = run.config.start, owners = masks === null ? [] : ofMasks.get(masks) ?? [];
    // Level 0 has the same masks in all.
    const owner = owners.find(({ folder }) => folder === trialFolder(run.folder)) ?? owners[0];
    (owner?.group ?? alone).push(run);
  }
  return alone.length > 0 ? [...lotteries, { given: null, runs: alone }] : lotteries;
}

/** Where a run stands among those that it is compared with. */
function placeOf({ kind, trial, level, run }: ReportRun): string {
  return `${kind}/${trial}/${level}/${run}`;
}

/**
 * Whether a control has other masks than the ticket that it names: they differ in size; those of
 * inverted scores in that of all layers together, which may compete.
 */
function hasOtherMasks(run: ReportRun, tickets: ReadonlyMap<string, ReportRun>): boolean {
  if (run.kind === "train") return false;
  const ticket = tickets.get(placeOf({ ...run, kind: "ticket", run: 0 }));
  if (ticket === undefined) return false;
  const sizes = [ticket, run].map(({ liveByLayer }) =>
    run.kind === "inverted"
      ? Object.values(liveByLayer).reduce((sum, live) => sum + live, 0)
      : canonicalJson(liveByLayer)
  );
  return sizes[0] !== sizes[1];
}

function withoutOneShot({ oneShot: _, ...pruning }: NonNullable<RunConfig["pruning"]>) {
  return pruning;
}

/** The part of a configuration that all runs of a lottery share; of arrays, whether given. */
function givenTo(config: RunConfig): Given {
  const { pruning, rewind, prunedWeights, start: { presets, masks } } = config;
  return {
    // One-shot tickets are compared with the others of their lottery.
    pruning: pruning && withoutOneShot(pruning),
    rewind,
    prunedWeights,
    presets: presets === null ? null : "given",
    masks: masks === null ? null : "given",
  };
}

/**
 * Different runs can have one kind, trial, level and number, in one folder or in several: they
 * differ in masks or weights that they were given. Each part holds one of them; the runs of a
 * trial's folder stay together.
 */
function onePerPlace(
  runs: readonly ReportRun[],
): { runs: ReportRun[]; apart: string | null }[] {
  const parts: { places: Map<string, ReportRun>; apart: string | null }[] = [];
  for (const here of Map.groupBy(runs, ({ folder }) => trialFolder(folder)).values()) {
    const times = new Map<string, number>(), layers: ReportRun[][] = [];
    for (const run of here) {
      const n = times.get(placeOf(run)) ?? 0;
      times.set(placeOf(run), n + 1);
      (layers[n] ??= []).push(run);
    }
    for (const layer of layers) {
      let part = parts.find(({ places }) => layer.every((run) => !places.has(placeOf(run))));
      if (!part) {
        const clash = layer.find((run) => parts[0]?.places.has(placeOf(run)));
        part = {
          places: new Map(),
          apart: clash ? difference(parts[0].places.get(placeOf(clash))!, clash) : null,
        };
        parts.push(part);
      }
      for (const run of layer) part.places.set(placeOf(run), run);
    }
  }
  return parts.map(({ places, apart }) => ({ runs: [...places.values()], apart }));
}

/** Of two runs that are both "reinit 1, trial 1, level 0", why they are two. */
function difference(one: ReportRun, other: ReportRun): string {
  const differing = configDifferences(one.config, other.config)
    .map((difference) => difference.replace(/:.*$/s, "").replace(/^start\./, ""));
  return `${other.folder} is ${describeRun(one.config.id)} as ${one.folder} is, with other ` +
    differing.join(" and ");
}

/** Missing runs that are named; of the others there is the number. */
const NAMED_MISSING = 20;

/**
 * The runs that are missing although others of their kind exist: all trials × the kind's levels ×
 * the numbers of its runs. The control that the lottery itself trains at its last level lets expect
 * none at other levels. Takes time and room in proportion to the runs, not to that product.
 */
function missingOf(runs: readonly ReportRun[]): string[] {
  const trials = [...new Map(runs.map((run) => [run.trial, run])).values()];
  const missing: string[] = [];
  let unnamed = 0;
  for (const [kind, group] of Map.groupBy(runs, ({ kind }) => kind)) {
    const levels = new Set(group.map(({ level }) => level));
    const numbers = new Set(group.map(({ run }) => run));
    const there = new Set(group.map(({ trial, level, run }) => `${trial}/${level}/${run}`));
    let left = trials.length * levels.size * numbers.size - there.size;
    for (const { level, run, other } of product(levels, numbers, trials)) {
      if (left === 0 || missing.length === NAMED_MISSING) break;
      const { config, trial } = other;
      if (there.has(`${trial}/${level}/${run}`)) continue;
      left--;
      const ofKind = kind === "one_shot" ? "ticket" : kind;
      const words = describeRun({ kind: ofKind, trial: config.id.trial, level, run });
      const seed = trial === `${config.id.trial}` ? "" : ` of seed ${config.training.seed}`;
      missing.push(`${kind === "one_shot" ? "one-shot " : ""}${words}${seed}`);
    }
    unnamed += left;
  }
  return unnamed > 0 ? [...missing, `and ${unnamed} more`] : missing;
}

function* product(levels: Iterable<number>, numbers: Iterable<number>, trials: ReportRun[]) {
  for (const level of levels) {
    for (const run of numbers) {
      for (const other of trials) yield { level, run, other };
    }
  }
}
