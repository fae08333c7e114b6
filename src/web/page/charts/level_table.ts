/// <reference lib="dom" />
/** The results by level as an HTML table, with the columns that the command line prints. */

import { fractionText, percentText } from "../../../analysis/percent.ts";
import { iterationText, type LevelSummary } from "../../../reports/verdicts/summary.ts";
import { el } from "../dom.ts";

/** "Level 3", "Control of level 3". */
export function levelName({ kind, level }: { kind: string; level: number }): string {
  const name = level === 0 ? "Full network" : `Level ${level}`;
  if (kind === "ticket") return name;
  return kind === "reinit" ? `Control of level ${level}` : `${name}, ${kind.replaceAll("_", " ")}`;
}

/** The table; trials are named where there are several. */
export function levelTable(levels: readonly LevelSummary[]): HTMLTableElement {
  // An early stop that is the end says nothing more.
  const hasEarlyStop = levels.some(({ earlyStopIteration, earlyStopAccuracy, finalAccuracy }) =>
    earlyStopIteration !== null && earlyStopAccuracy !== finalAccuracy
  );
  const headers = [
    "",
    "Weights left",
    "Test accuracy before training",
    ...(hasEarlyStop ? ["Early stop at iteration", "Test accuracy there"] : []),
    "Test accuracy at the end",
  ];
  const most = Math.max(1, ...levels.map(({ trials }) => trials));
  const rows = levels.map((level) =>
    el(
      "tr",
      { class: `${level.kind} of-level`, "data-level": level.level },
      el(
        "th",
        { scope: "row" },
        el(
          "button",
          {
            type: "button",
            class: "level-name",
            "data-level": level.level,
            "aria-pressed": "false",
          },
          levelName(level),
        ),
      ),
      el("td", {}, percentText(level.percent, 1)),
      el("td", {}, fractionText(level.initialAccuracy)),
      ...(hasEarlyStop
        ? [
          el("td", {}, iterationText(level.earlyStopIteration)),
          el("td", {}, fractionText(level.earlyStopAccuracy)),
        ]
        : []),
      el("td", {}, fractionText(level.finalAccuracy)),
    )
  );
  return el(
    "table",
    {},
    el(
      "caption",
      {},
      most > 1 ? `Level by level, means of ${most} trials` : "Level by level",
      el("span", { class: "note" }, "Each level is the network after one more pruning."),
    ),
    el("thead", {}, el("tr", {}, ...headers.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, ...rows),
  );
}
