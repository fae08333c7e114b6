/**
 * `report`: writes one HTML page about experiments that needs nothing else, each figure as SVG and
 * as its Vega-Lite specification, each table as CSV and JSON, and a summary for the terminal.
 */

import { renderSvg } from "../figures/render_svg.ts";
import { tableCsv, tableJson } from "../analysis/data_table.ts";
import { type DrawnFigure, measuredText, reportHtml, type StudySection } from "./report_page.ts";
import { sealSvg } from "../formats/seal.ts";
import { SERIES_KINDS } from "../analysis/series.ts";
import { levelsOf, meanOverTrials, type StudyRun } from "../analysis/study.ts";
import { percentText } from "../analysis/percent.ts";
import { formatTable } from "../analysis/table.ts";
import { encodeText, within } from "../records/record.ts";
import type { Storage } from "../storage/storage.ts";
import { readExperiments } from "./read_experiments.ts";
import { type ReportStudy, studyDifferences } from "./studies.ts";
import type { Connect, Figure } from "./sections/section.ts";
import { reportStudy, type StudyReport } from "./study_report.ts";
import { count } from "../words.ts";

/** Options of `writeReport`. */
export interface ReportOptions {
  storage: Storage;
  /** Folders of experiments. */
  roots: readonly string[];
  /** Folder of the report. */
  output: string;
  /** Densities in percent whose curves are shown. */
  percents: readonly number[];
  /** Compares tickets on the engine; absent where that was not asked for. */
  connect?: Connect;
  /** Seconds after which a browser loads the page again; null for never. */
  reloadSeconds: number | null;
}

/** A report that was written. */
export interface WrittenReport {
  /** The HTML file. */
  page: string;
  /** For the terminal. */
  text: string;
  json: Record<string, unknown>;
  /** Runs that are left out, wholly or in part, because they are damaged: with the next action. */
  damage: string[];
}

/**
 * Writes a report.
 *
 * @throws NotFoundError if there is no finished run
 */
export async function writeReport(options: ReportOptions): Promise<WrittenReport> {
  const { storage, roots, output, percents, reloadSeconds } = options;
  const { studies, damage, notes: others } = await readExperiments(storage, roots);
  const sections: StudySection[] = [], reports: StudyReport[] = [];
  const notes = [...damage, ...others, ...mixtureNotes(studies)];
  for (const [i, study] of studies.entries()) {
    const report = await reportStudy(storage, study, percents, options.connect ?? null);
    // The first study's files stand beside the page.
    const folder = i === 0 ? "" : `study${i + 1}/`;
    await storage.sweep(within(output, folder), { isDeep: false });
    const figures: DrawnFigure[] = [];
    for (const figure of report.figures) {
      figures.push(await drawFigure(storage, output, folder, figure));
    }
    for (const table of report.tables) {
      const path = within(output, `${folder}${table.name}`);
      await storage.write(`${path}.csv`, encodeText(tableCsv(table)));
      await storage.write(`${path}.json`, encodeText(tableJson(table)));
    }
    sections.push({ ...report, figures, tables: report.tables.filter(isShown) });
    reports.push(report);
  }
  const page = within(output, "report.html");
  const html = reportHtml({
    title: "Lottery tickets: what was found",
    lead: `From ${roots.map((root) => root.replace(/\/+$/, "")).join(", ")}.`,
    notes,
    studies: sections,
    reloadSeconds,
  });
  await storage.write(page, encodeText(html));
  const texts = studies.map((study, i) => studyText(study, reports[i]));
  return {
    page,
    damage: [...damage, ...reports.flatMap((report) => report.damage)],
    text: [...texts, ...notes.map((note) => `note: ${note}`), `Report: ${page}`].join("\n\n"),
    json: {
      page,
      notes,
      studies: reports.map(({ title, notes, claims, figures, tables }, i) => ({
        title,
        settings: studies[i].settings,
        notes,
        claims,
        figures: figures.map(({ name, title }) => ({ name, title })),
        levels: tables.find(({ name }) => name === "levels")!.rows,
      })),
    },
  };
}

/** Single runs and pairs are files only: thousands of rows are no page. */
function isShown({ name, rows }: { name: string; rows: readonly unknown[] }): boolean {
  return name !== "claims" && rows.length <= MAX_ROWS;
}

const MAX_ROWS = 400;

async function drawFigure(
  storage: Storage,
  output: string,
  folder: string,
  { name, title, caption, spec }: Figure,
): Promise<DrawnFigure> {
  const path = `${folder}${name}`, svg = await renderSvg(spec);
  await storage.write(within(output, `${path}.svg`), await sealSvg(svg));
  await storage.write(within(output, `${path}.vl.json`), encodeText(JSON.stringify(spec) + "\n"));
  return { name, title, caption, svg, path };
}

/** Says so where runs of different settings came together. */
function mixtureNotes(studies: readonly ReportStudy[]): string[] {
  const [first, ...others] = studies;
  return others.map((other) => {
    const differences = studyDifferences(first, other);
    return `trained otherwise: ${count(other.runs.length, "run")} (${
      differences.slice(0, 3).join("; ")
    }${differences.length > 3 ? "; …" : ""}), in a section of their own`;
  });
}

/** The terminal's version of a study. */
function studyText({ runs }: ReportStudy, { title, texts, notes, claims }: StudyReport): string {
  const kinds = SERIES_KINDS.filter((kind) => runs.some((run) => run.kind === kind));
  const levels = Map.groupBy(
    kinds.flatMap((kind) => levelsOf(runs, kind).map((level) => ({ kind, ...level }))),
    ({ level }) => level,
  );
  const rows = [...levels].sort(([a], [b]) => a - b).map(([level, group]) => [
    `${level}`,
    percentText(group[0].percent),
    ...kinds.map((kind) => cellOf(group.find((found) => found.kind === kind)?.runs ?? [])),
  ]);
  const verdicts = claims.map((claim) => [
    claim.id,
    claim.verdict,
    measuredText(claim),
    claim.quantity + (claim.verdict === "cannot tell" ? ` (${claim.why})` : ""),
  ]);
  const shownNotes = notes.slice(0, 8).map((note) => `note: ${note}`);
  if (notes.length > 8) shownNotes.push(`note: and ${notes.length - 8} more`);
  return [
    title,
    ...texts,
    "",
    formatTable(["level", "weights remaining", ...kinds], rows, "r"),
    "Test accuracy at the early stop and its iteration, or at the end where there is none; means " +
    "over trials.",
    "",
    formatTable(["claim", "verdict", "measured", "what"], verdicts, "llll"),
    ...(shownNotes.length > 0 ? ["", ...shownNotes] : []),
  ].join("\n");
}

function cellOf(runs: readonly StudyRun[]): string {
  const stop = meanOverTrials(runs, "earlyStopIteration");
  const accuracy = meanOverTrials(runs, "earlyStopAccuracy");
  if (stop !== null && accuracy !== null) return `${percentText(accuracy)} at ${Math.round(stop)}`;
  return percentText(meanOverTrials(runs, "finalAccuracy"));
}
