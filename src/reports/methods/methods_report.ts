/**
 * The report of a comparison of pruning methods: accuracies, ranks and tests, layers, masks, and
 * what papers claim, as one page, as files and as a text.
 */

import { checkMethodClaims } from "../../analysis/methods/method_claims.ts";
import {
  methodLayerTable,
  methodLevelTable,
  methodOverlapTable,
  rankTable,
} from "../../analysis/methods/method_tables.ts";
import {
  methodLayers,
  type MethodOverlap,
  methodOverlaps,
} from "../../analysis/methods/methods.ts";
import { MIN_TRIALS } from "../../analysis/statistics.ts";
import { levelsOf } from "../../analysis/study.ts";
import { claimTable, runTable } from "../../analysis/study_tables.ts";
import { formatTable } from "../../analysis/table.ts";
import { levelSpec } from "../../figures/level_figures.ts";
import { methodLayerSpec, methodOverlapSpec } from "../../figures/method_figures.ts";
import { METHODS } from "../../lottery/methods.ts";
import { parametersOf, prunableOf } from "../../models/parameters.ts";
import { encodeText, within } from "../../records/record.ts";
import { datasetText, trainingText } from "../../runs/config.ts";
import { count } from "../../words.ts";
import { type ReportOptions, writeSection, type WrittenReport } from "../report_files.ts";
import { measuredText, whyText } from "../page/claims_html.ts";
import { reportHtml } from "../page/report_page.ts";
import type { Figure } from "../sections/section.ts";
import { readTickets } from "../study_arrays.ts";
import {
  METHOD_STYLES,
  methodPanels,
  type MethodResults,
  methodResults,
  resultsText,
} from "./method_results.ts";
import { type ComparedExperiments, readMethods } from "./read_methods.ts";

const BARS = "thin bars: least to greatest trial; thick bars: 95% interval of the mean (bootstrap)";

/**
 * Writes the report of the folder that compare wrote.
 *
 * @throws NotFoundError if no method has a finished run
 */
export async function writeMethodsReport(
  { storage, roots: [root], output, connect, reloadSeconds }: ReportOptions,
  names: readonly string[],
): Promise<WrittenReport> {
  const read = await readMethods(storage, root.replace(/(.)\/+$/, "$1"), names);
  const { runs, settings } = read, results = methodResults(runs);
  const { methods, levels, ranks } = results;
  const weights = prunableOf(parametersOf(settings.network.layers));
  const sizes = Object.fromEntries(
    weights.map(({ name, rows, columns }) => [name, rows * columns]),
  );
  const layers = methodLayers(runs, methods, sizes);
  const faults: string[] = [];
  const overlaps = await readOverlaps(storage, read, (line) => faults.push(line));
  const last = weights.at(-1)!.name;
  const claims = checkMethodClaims(runs, { name: last, size: sizes[last] });
  const damage = [...read.damage, ...new Set(faults)];
  const notes = [
    ...damage,
    ...read.notes,
    ...(connect ? ["--connectivity is for one experiment: give it the folder of a method"] : []),
  ];
  const trials = count(new Set(runs.map(({ trial }) => trial)).size, "trial");
  const tables = [
    rankTable(ranks),
    methodLevelTable(levels),
    methodLayerTable(layers),
    methodOverlapTable(overlaps),
    claimTable(claims),
    runTable(runs),
  ];
  const figures = [
    accuracyFigure(read, results, trials),
    ...(layers.length > 0 ? [layerFigure(layers, trials)] : []),
    ...overlapFigures(overlaps, methods[0], trials),
  ];
  const title = `${count(methods.length, "pruning method")} on ${settings.dataset.name}`;
  const page = within(output, "report.html");
  const html = reportHtml({
    title: "Pruning methods compared",
    lead: `From ${root.replace(/(.)\/+$/, "$1")}.`,
    notes: [],
    studies: [{
      ...{ title, notes, claims, finding: null, claimsOf: null },
      texts: texts(read, trials),
      ...await writeSection(storage, output, "", { figures, tables }),
    }],
    reloadSeconds,
  });
  await storage.write(page, encodeText(html));
  const verdicts = claims.map((claim) => [
    claim.id,
    claim.verdict,
    measuredText(claim),
    [claim.quantity, claim.verdict === "cannot tell" ? `(${whyText(claim)})` : ""].join(" ").trim(),
  ]);
  return {
    ...{ page, damage },
    text: [
      `${title}; ${trainingText(settings)}`,
      resultsText(results),
      formatTable(["claim", "verdict", "measured", "what"], verdicts, "llll"),
      ...notes.map((note) => `note: ${note}`),
      `Report: ${page}`,
    ].join("\n\n"),
    json: {
      ...{ page, notes, methods, settings, ranks, overlaps, claims },
      layers,
      levels: levels.map(({ kind, ...level }) => ({ method: kind, ...level })),
      figures: figures.map(({ name, title }) => ({ name, title })),
    },
  };
}

function texts({ methods, runs, settings }: ComparedExperiments, trials: string): string[] {
  const adapters = [...new Set(runs.map(({ adapter }) => adapter))];
  const named = methods.map((name) => {
    const { label, help, source } = METHODS[name as keyof typeof METHODS];
    return `${label}: ${help} (${source})`;
  });
  const isFew = new Set(runs.map(({ trial }) => trial)).size < MIN_TRIALS;
  return [
    `${datasetText(settings)}; ${trainingText(settings)}. ${count(runs.length, "finished run")} ` +
    `of ${trials}. Trained on ${adapters.join("; ")}.`,
    `${named.join(". ")}.`,
    "Methods are ranked within each trial and level, 1 the most accurate. Each is tested against " +
    "the first by a two-sided paired t-test over trials, at 5% for itself: where many are " +
    "tested, one in twenty that does not differ is called different.",
    ...(isFew ? [`With ${trials} these are examples, not proofs.`] : []),
  ];
}

/** The overlap of all pairs of methods, read level by level: nine methods are many masks. */
async function readOverlaps(
  storage: ReportOptions["storage"],
  { runs, methods }: ComparedExperiments,
  onFault: (line: string) => void,
): Promise<MethodOverlap[]> {
  const rows: MethodOverlap[] = [];
  const numbers = [...new Set(runs.map(({ level }) => level))].sort((a, b) => a - b);
  for (const level of numbers.filter((level) => level > 0)) {
    const masks = [], percents: number[] = [];
    for (const method of methods) {
      const found = levelsOf(runs, method).find((one) => one.level === level);
      if (!found) continue;
      percents.push(found.percent);
      const tickets = await readTickets({ storage, onFault }, found, false);
      masks.push(...tickets.map(({ trial, masks }) => ({ method, trial, masks })));
    }
    const percent = percents.reduce((a, b) => a + b, 0) / percents.length;
    rows.push(...methodOverlaps({ level, percent }, masks, methods));
  }
  return rows;
}

function accuracyFigure(
  { runs }: ComparedExperiments,
  results: MethodResults,
  trials: string,
): Figure {
  return {
    name: "accuracy",
    title: "Accuracy against weights remaining",
    isWide: true,
    caption: "Every method begins with the same full networks (left end) and prunes to the same " +
      "densities. The bootstrap's interval is too narrow for few trials; the tests of the table " +
      "are Student's.",
    spec: levelSpec(methodPanels(runs, results), {
      title: "How accurate networks are that each method prunes",
      subtitle: `Means of ${trials}; ${BARS}`,
    }, METHOD_STYLES),
  };
}

function layerFigure(layers: Parameters<typeof methodLayerSpec>[0], trials: string): Figure {
  return {
    name: "layers",
    title: "What each method leaves of the layers",
    caption:
      "Methods that let all layers compete choose their densities; those that prune in each " +
      "layer have them from --prune-percents. Where shuffling a mask within layers costs " +
      "nothing, these densities are all that a method chose (Frankle et al. 2021).",
    spec: methodLayerSpec(layers, {
      title: "What each method leaves of the layers",
      subtitle: `Means of ${trials}`,
    }, METHOD_STYLES),
  };
}

function overlapFigures(
  overlaps: readonly MethodOverlap[],
  first: string,
  trials: string,
): Figure[] {
  const rows = overlaps.filter(({ one }) => one === first);
  if (rows.length === 0) return [];
  const title = `Do methods keep the weights that ${first} keeps?`;
  return [{
    name: "overlap",
    title,
    caption:
      "Weights live in both of two masks of a trial, of those live in one of them, and what " +
      "masks with the same densities of layers would have at random places (dashed). The table " +
      "has all pairs.",
    spec: methodOverlapSpec(rows, { title, subtitle: `Means of ${trials}` }, METHOD_STYLES),
  }];
}
