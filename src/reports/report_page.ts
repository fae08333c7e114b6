/** The report as one HTML page that needs nothing else: no script, no font, no network. */

import { numberText } from "../analysis/percent.ts";
import css from "./report_page.css" with { type: "text" };
import type { ClaimResult } from "../analysis/claims.ts";
import { cellText, type DataTable } from "../analysis/data_table.ts";

/** A drawing with what is to be seen in it. */
export interface DrawnFigure {
  /** Name of its files, and its anchor. */
  name: string;
  title: string;
  caption: string;
  svg: string;
  /** Path of its files from the page's folder, without their endings. */
  path: string;
}

/** The section of one study. */
export interface StudySection {
  title: string;
  /** Sentences under the title. */
  texts: readonly string[];
  /** Runs that are missing or were left out. */
  notes: readonly string[];
  claims: readonly ClaimResult[];
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
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${reload}<title>${escape(title)}</title>
<style>
${css}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p class="lead">${escape(lead)}</p>
${
    reloadSeconds === null
      ? ""
      : `<p class="soft">Loaded again every ${reloadSeconds} seconds while the experiment runs.</p>`
  }
${noteList("Read, but not all of it:", notes)}
</header>
<main>
${studies.map((study, i) => studyHtml(study, studies.length > 1 ? `s${i + 1}-` : "")).join("\n")}
</main>
</body>
</html>
`;
}

function studyHtml(study: StudySection, prefix: string): string {
  const { title, texts, notes, claims, figures, tables } = study;
  const links = [
    `<a href="#${prefix}claims">Claims</a>`,
    ...figures.map(({ name, title }) => `<a href="#${prefix}${name}">${escape(title)}</a>`),
    `<a href="#${prefix}tables">Tables</a>`,
  ];
  return `<section>
<h2>${escape(title)}</h2>
${texts.map((text) => `<p>${escape(text)}</p>`).join("\n")}
${noteList("Not there:", notes)}
<nav aria-label="Contents of this section">${links.join(" ")}</nav>
<h3 id="${prefix}claims">What the paper claims, and what these runs say</h3>
${claimsHtml(claims)}
${figures.map((figure) => figureHtml(figure, prefix)).join("\n")}
<h3 id="${prefix}tables">Tables</h3>
${tables.map(tableHtml).join("\n")}
</section>`;
}

function noteList(head: string, notes: readonly string[]): string {
  if (notes.length === 0) return "";
  const shown = notes.slice(0, MAX_NOTES).map((note) => `<li>${escape(note)}</li>`);
  const more = notes.length - shown.length;
  if (more > 0) shown.push(`<li>and ${more} more</li>`);
  return `<div class="notes"><p>${escape(head)}</p><ul>${shown.join("")}</ul></div>`;
}

const MAX_NOTES = 12;

function figureHtml({ name, title, caption, svg, path }: DrawnFigure, prefix: string): string {
  // The drawing's own head, its size aside, is not for the inside of a page.
  const drawing = svg.slice(svg.indexOf("<svg"))
    .replace("<svg ", `<svg role="img" aria-label="${escape(title)}" `);
  return `<figure id="${prefix}${name}">
<div class="chart">${drawing}</div>
<figcaption>${escape(caption)}
<a href="${escape(path)}.svg">SVG</a> <a href="${escape(path)}.vl.json">Vega-Lite</a></figcaption>
</figure>`;
}

const UNITS = { points: " points", percent: "%", times: "×" };
const CLASSES = { "holds": "holds", "does not hold": "fails", "cannot tell": "open" };

function claimsHtml(claims: readonly ClaimResult[]): string {
  const rows = claims.map((claim) => {
    const { id, source, paper, quantity, trials, verdict, why } = claim;
    return `<tr><td>${id}</td><td>${escape(claim.claim)}<br><small class="soft">${
      escape(source)
    }: ${escape(paper)}</small></td><td>${escape(measuredText(claim))}<br><small class="soft">${
      escape(quantity)
    }</small></td><td class="number">${trials}</td><td><span class="verdict ${
      CLASSES[verdict]
    }">${verdict}</span><small>${escape(why)}</small></td></tr>`;
  });
  return `<p>Each value is a mean over trials of a comparison within each trial, with Student's
interval, each end a 95% bound. A claim holds, or does not, if the whole interval is on one side of
what it says; with fewer than five trials nothing is decided.</p>
<div class="scroll"><table class="claims"><thead><tr><th></th><th>Claim</th>
<th>Measured</th><th class="number">Trials</th><th>Verdict</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

/** A claim's value with its interval: "0.31 points [0.12, 0.50]". */
export function measuredText({ value, interval, unit }: ClaimResult): string {
  if (value === null) return "–";
  const digits = (x: number) => numberText(x, 2);
  const range = interval ? ` [${digits(interval[0])}, ${digits(interval[1])}]` : "";
  return `${digits(value)}${UNITS[unit]}${range}`;
}

/** Tables that are open at first. */
const OPEN: readonly string[] = ["levels", "ranks"];

function tableHtml({ title, name, columns: all, rows }: DataTable): string {
  const columns = all.filter(({ isFileOnly }) => !isFileOnly);
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

/** Text as it stands in HTML, also between quotes. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
