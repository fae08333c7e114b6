/**
 * `report`: writes one HTML page about experiments that needs nothing else, each figure as SVG and
 * as its Vega-Lite specification, each table as CSV and JSON, and a summary for the terminal.
 */

import { writeMethodsReport } from "./methods/methods_report.ts";
import { readComparison } from "../records/experiments/comparison_file.ts";
import { type ReportOptions, writeSection, type WrittenReport } from "./report_files.ts";
import { measuredText, whyText } from "./page/claims_html.ts";
import { reportHtml, type StudySection } from "./page/report_page.ts";
import { SERIES_KINDS } from "../analysis/series.ts";
import { levelsOf, meanOverTrials, type StudyRun } from "../analysis/study.ts";
import { percentText } from "../analysis/percent.ts";
import { formatTable } from "../analysis/table.ts";
import { encodeText, within } from "../records/record.ts";
import { readExperiments } from "./read_experiments.ts";
import { type ReportStudy, studyDifferences } from "./studies.ts";
import { reportStudy, type StudyReport } from "./study_report.ts";
import { count } from "../words.ts";

export type { ReportOptions, WrittenReport } from "./report_files.ts";

/**
 * Writes a report; of the folder that compare wrote, one that compares its methods.
 *
 * @throws NotFoundError if there is no finished run
 */
export async function writeReport(options: ReportOptions): Promise<WrittenReport> {
  const { storage, roots, output, percents, reloadSeconds } = options;
  const methods = roots.length === 1 ? await readComparison(storage, roots[0]) : null;
  if (methods !== null) return await writeMethodsReport(options, methods);
  const { studies, damage, notes: others } = await readExperiments(storage, roots);
  const sections: StudySection[] = [], reports: StudyReport[] = [];
  const notes = [...damage, ...others, ...mixtureNotes(studies)];
  for (const [i, study] of studies.entries()) {
    const report = await reportStudy(storage, study, percents, options.connect ?? null);
    // The first study's files stand beside the page.
    const folder = i === 0 ? "" : `study${i + 1}/`;
    sections.push({ ...report, ...await writeSection(storage, output, folder, report) });
    reports.push(report);
  }
  const page = within(output, "report.html");
  const html = reportHtml({
    title: "Lottery tickets",
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
      studies: reports.map(({ title, finding, notes, claims, figures, tables }, i) => ({
        title,
        finding,
        settings: studies[i].settings,
        notes,
        claims,
        figures: figures.map(({ name, title }) => ({ name, title })),
        levels: tables.find(({ name }) => name === "levels")!.rows,
      })),
    },
  };
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
function studyText(
  { runs }: ReportStudy,
  { title, finding, texts, notes, claims }: StudyReport,
): string {
  const kinds = SERIES_KINDS.filter((kind) => runs.some((run) => run.kind === kind));
  const levels = Map.groupBy(
    kinds.flatMap((kind) => levelsOf(runs, kind).map((level) => ({ kind, ...level }))),
    ({ level }) => level,
  );
  const rows = [...levels].sort(([a], [b]) => a - b).map(([level, group]) => [
    `${level}`,
    percentText(group[0].percent),
    percentText(meanOverTrials(group[0].runs, "initialAccuracy")),
    ...kinds.map((kind) => cellOf(group.find((found) => found.kind === kind)?.runs ?? [])),
  ]);
  const verdicts = claims.map((claim) => [
    claim.id,
    claim.verdict,
    measuredText(claim),
    claim.quantity + (claim.verdict === "cannot tell" ? ` (${whyText(claim)})` : ""),
  ]);
  const shownNotes = notes.slice(0, 8).map((note) => `note: ${note}`);
  if (notes.length > 8) shownNotes.push(`note: and ${notes.length - 8} more`);
  return [
    title,
    ...(finding
      ? [`${finding.headline} ${finding.sentence}`, ...finding.evidence, finding.untrained ?? ""]
        .filter((line) => line !== "")
      : []),
    ...texts,
    "",
    formatTable(["level", "weights remaining", "before training", ...kinds], rows, "r"),
    `Test accuracy: before training, of the ${
      kinds[0]
    }; then at the early stop and its iteration, ` +
    "or at the end where there is none; means over trials.",
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
