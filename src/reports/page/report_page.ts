/** The report as one HTML page that needs nothing else: no script, no font, no network. */

import type { ClaimResult } from "../../analysis/claims.ts";
import { cellText, type DataTable } from "../../analysis/data_table.ts";
import { claimsHtml } from "./claims_html.ts";
import { type DrawnFigure, escape, figureHtml } from "./figure_html.ts";
import { type Finding, TICKET_WORDS } from "../verdicts/finding.ts";
import css from "./report_page.css" with { type: "text" };

/** The section of one study. */
export interface StudySection {
  /** What was trained on what. */
  title: string;
  /** What was found; null where the section is not about a ticket. */
  finding: Finding | null;
  /** Sentences about how it was found. */
  texts: readonly string[];
  /** Runs that are missing or were left out. */
  notes: readonly string[];
  claims: readonly ClaimResult[];
  /** What the claims are of, where the runs are of something else. */
  claimsOf: string | null;
  /** One that is wide shows the finding, and stands beside it. */
  figures: readonly DrawnFigure[];
  /** Those that are shown; all of them are files too. */
  tables: readonly DataTable[];
}

/** The page. */
export interface ReportPage {
  title: string;
  lead: string;
  /** Of all studies. */
  notes: readonly string[];
  studies: readonly StudySection[];
  /** While an experiment runs: seconds until a browser loads the page again; null for never. */
  reloadSeconds: number | null;
}

/** Returns the report as an HTML page. */
export function reportHtml(page: ReportPage): string {
  const { title, lead, notes, studies, reloadSeconds } = page;
  const reload = reloadSeconds === null
    ? ""
    : `<meta http-equiv="refresh" content="${reloadSeconds}">\n`;
  // One finding is the page's title; several stand under one.
  const isOne = studies.length === 1 && studies[0].finding !== null;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${reload}<title>${escape(isOne ? `${studies[0].finding!.headline} ${title}` : title)}</title>
<style>
${css}</style>
</head>
<body>
${isOne ? "" : `<header><h1>${escape(title)}</h1></header>`}
<main>
${
    studies.map((study, i) =>
      studyHtml(study, { prefix: isOne || i === 0 ? "" : `s${i + 1}-`, isOne })
    ).join("\n")
  }
</main>
<footer>
${noteList("Read, but not all of it:", notes)}
<p class="soft">${escape(lead)}${
    reloadSeconds === null
      ? ""
      : ` Loaded again every ${reloadSeconds} seconds while the experiment runs.`
  }</p>
</footer>
</body>
</html>
`;
}

/** Where a section stands. */
interface Place {
  /** Of its anchors. */
  prefix: string;
  /** Whether it is the page's only one. */
  isOne: boolean;
}

function studyHtml(study: StudySection, { prefix, isOne }: Place): string {
  const { title, finding, texts, notes, claims, claimsOf, figures, tables } = study;
  const isWide = ({ narrow }: DrawnFigure) => narrow !== null;
  const draw = (figures: readonly DrawnFigure[]) =>
    figures.map((figure) => figureHtml(figure, prefix)).join("\n");
  const others = figures.filter((figure) => !isWide(figure));
  const links = [
    `<a href="#${prefix}claims">Claims</a>`,
    ...others.map(({ name, title }) => `<a href="#${prefix}${name}">${escape(title)}</a>`),
    `<a href="#${prefix}tables">Tables</a>`,
  ];
  const method = texts.map((text) => `<p>${escape(text)}</p>`).join("\n");
  return `<section>
<div class="opening">
${
    finding === null
      ? `<div class="finding"><h2>${escape(title)}</h2>\n${method}</div>`
      : findingHtml(finding, title, isOne ? "h1" : "h2")
  }
${draw(figures.filter(isWide))}
</div>
${noteList("Not there:", notes)}
<nav aria-label="Contents of this section">${links.join(" ")}</nav>
<h3 id="${prefix}claims">What is claimed, and what these runs say</h3>
${claimsHtml(claims, claimsOf)}
${draw(others)}
<h3 id="${prefix}tables">Tables</h3>
${tables.map(tableHtml).join("\n")}
${finding ? `<h3>How this was measured</h3>\n${method}` : ""}
</section>`;
}

function findingHtml(finding: Finding, title: string, heading: "h1" | "h2"): string {
  const { state, headline, sentence, numbers, evidence, untrained } = finding;
  const tiles = numbers.map(({ of, label, accuracy }) =>
    `<div class="${of}"><dt>${escape(label)}</dt><dd>${accuracy}</dd></div>`
  );
  return `<div class="finding ${state}">
<p class="kicker">${escape(title)}</p>
<${heading}>${escape(headline)}</${heading}>
<p class="lead">${escape(sentence)}</p>
${tiles.length > 0 ? `<dl class="numbers">${tiles.join("")}</dl>` : ""}
${untrained === null ? "" : `<p class="surprise">${escape(untrained)}</p>`}
<p>${escape(TICKET_WORDS)}</p>
${evidence.length > 0 ? `<p class="soft">${evidence.map(escape).join(" ")}</p>` : ""}
</div>`;
}

function noteList(head: string, notes: readonly string[]): string {
  if (notes.length === 0) return "";
  const shown = notes.slice(0, MAX_NOTES).map((note) => `<li>${escape(note)}</li>`);
  const more = notes.length - shown.length;
  if (more > 0) shown.push(`<li>and ${more} more</li>`);
  return `<div class="notes"><p>${escape(head)}</p><ul>${shown.join("")}</ul></div>`;
}

const MAX_NOTES = 12;

/** Tables that are open at first. */
const OPEN: readonly string[] = ["levels", "ranks"];

function tableHtml({ title, name, columns: all, rows }: DataTable): string {
  const columns = all.filter(({ key, isFileOnly }) =>
    !isFileOnly && rows.some((row) => row[key] !== null && row[key] !== undefined)
  );
  const isNumber = (key: string) => rows.some((row) => typeof row[key] === "number");
  const css = columns.map(({ key }) => isNumber(key) ? ' class="number"' : "");
  const head = columns.map(({ title }, i) => `<th${css[i]}>${escape(title)}</th>`).join("");
  const body = rows.map((row) => {
    const cells = columns.map((column, i) =>
      `<td${css[i]}>${escape(cellText(row[column.key], column))}</td>`
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<details${OPEN.includes(name) ? " open" : ""}><summary>${escape(title)}</summary>
<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${
    body.join("\n")
  }</tbody></table></div></details>`;
}
