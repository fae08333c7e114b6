/// <reference lib="dom" />
/**
 * Experiments side by side in a table: the settings in which they differ, then the mean test
 * accuracy of each level.
 */

import { fractionText, percentText } from "../../analysis/percent.ts";
import { type LevelSummary, summarizeLevels } from "../../reports/verdicts/summary.ts";
import type { ExperimentView } from "../messages.ts";
import { el } from "./dom.ts";
import { levelName } from "./charts/level_table.ts";

const shortName = (path: string) => path.replace(/^results\//, "");

/** Rows of settings that are not the same in all experiments. */
function differences(views: readonly ExperimentView[]): [name: string, texts: string[]][] {
  const names = [...new Set(views.flatMap(({ settings }) => settings.map(([name]) => name)))];
  return names.map((name): [string, string[]] => [
    name,
    views.map(({ settings }) => settings.find(([n]) => n === name)?.[1] ?? "–"),
  ]).filter(([, texts]) => new Set(texts).size > 1);
}

/** The accuracy that a level is judged by. */
const reached = (level: LevelSummary) => level.earlyStopAccuracy ?? level.finalAccuracy;

/** The table; levels are matched by kind and number. */
export function comparisonTable(views: readonly ExperimentView[]): HTMLTableElement {
  const levels = views.map(({ runs }) => summarizeLevels(runs));
  const all = new Map(
    levels.flat().sort((a, b) => a.level - b.level).map((level) => [levelName(level), level]),
  );
  const row = (name: string, cells: readonly string[]) =>
    el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((text) => el("td", {}, text)));
  return el(
    "table",
    { id: "comparison-table" },
    el("caption", {}, "Test accuracy at the early stop, means over trials, and weights remaining"),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, ""),
        ...views.map(({ path }) => el("th", { scope: "col" }, shortName(path))),
      ),
    ),
    el(
      "tbody",
      {},
      ...differences(views).map(([name, texts]) => row(name, texts)),
      ...[...all.keys()].map((name) =>
        row(
          name,
          levels.map((summaries) => {
            const level = summaries.find((summary) => levelName(summary) === name);
            return level
              ? `${fractionText(reached(level))} (${percentText(level.percent, 1)})`
              : "–";
          }),
        )
      ),
    ),
  );
}
