/** The claims of a paper as HTML: what is decided as a table, what is open folded into one line. */

import type { ClaimResult } from "../../analysis/claims.ts";
import { numberText } from "../../analysis/percent.ts";
import { MIN_TRIALS } from "../../analysis/statistics.ts";
import { count } from "../../words.ts";
import { escape } from "./figure_html.ts";

const UNITS = { points: " points", percent: "%", times: "×" };
const CLASSES = { "holds": "holds", "does not hold": "fails", "cannot tell": "open" };

/** A claim's value with its interval: "0.31 points [0.12, 0.50]". */
export function measuredText({ value, interval, unit }: ClaimResult): string {
  if (value === null) return "–";
  const digits = (x: number) => numberText(x, 2);
  const range = interval ? ` [${digits(interval[0])}, ${digits(interval[1])}]` : "";
  return `${digits(value)}${UNITS[unit]}${range}`;
}

/** Why a claim is open, and what would decide it; the reason where it is decided. */
export function whyText({ why, next }: ClaimResult): string {
  return next === null || why.includes(next) ? why : `${why}; what would decide: ${next}`;
}

/**
 * The claims.
 *
 * @param of what they are of, where the runs are of something else: "LeNet-300-100 on MNIST"
 */
export function claimsHtml(claims: readonly ClaimResult[], of: string | null): string {
  const open = claims.filter(({ verdict }) => verdict === "cannot tell");
  const decided = claims.filter(({ verdict }) => verdict !== "cannot tell");
  const foreign = of === null
    ? ""
    : `<p>The paper says this of ${escape(of)}; here it is held against other runs.</p>`;
  const table = decided.length === 0
    ? ""
    : `<p>Each value is a mean over trials of a comparison within each trial, with Student's
interval, each end a 95% bound. A claim holds, or does not, if the whole interval is on one side of
what it says; with fewer than ${MIN_TRIALS} trials nothing is decided.</p>
${claimTable(decided, "Verdict", verdictCell)}`;
  return foreign + table + openHtml(open, claims.length);
}

function openHtml(open: readonly ClaimResult[], all: number): string {
  if (open.length === 0) return "";
  const some = open.length === all
    ? `These runs can judge none of ${count(all, "claim")}`
    : `These runs cannot judge ${open.length} of ${count(all, "claim")}`;
  return `<details class="open-claims"><summary>${some}: what would decide them</summary>
<ul>${needs(open).map((line) => `<li>${escape(line)}</li>`).join("")}</ul>
${claimTable(open, "Open, because", openCell)}</details>`;
}

/** What would decide, with how many claims that is so of, the most useful first. */
function needs(open: readonly ClaimResult[]): string[] {
  const groups = [...Map.groupBy(open, ({ next, why }) => next ?? why)];
  return groups.sort(([, a], [, b]) => b.length - a.length)
    .map(([next, claims]) => `${claims.map(({ id }) => id).join(", ")}: ${next}`);
}

function claimTable(
  claims: readonly ClaimResult[],
  last: string,
  cell: (claim: ClaimResult) => string,
): string {
  const rows = claims.map((claim) => {
    const { id, source, paper, quantity, trials } = claim;
    return `<tr><td>${id}</td><td>${escape(claim.claim)}<br><small class="soft">${
      escape(source)
    }: ${escape(paper)}</small></td><td>${escape(measuredText(claim))}<br><small class="soft">${
      escape(quantity)
    }</small></td><td class="number">${trials}</td><td>${cell(claim)}</td></tr>`;
  });
  return `<div class="scroll"><table class="claims"><thead><tr><th></th><th>Claim</th>
<th>Measured</th><th class="number">Trials</th><th>${last}</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function verdictCell({ verdict, why }: ClaimResult): string {
  return `<span class="verdict ${CLASSES[verdict]}">${verdict}</span><small>${escape(why)}</small>`;
}

function openCell(claim: ClaimResult): string {
  return `<small>${escape(whyText(claim))}</small>`;
}
