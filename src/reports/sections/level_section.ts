/** Accuracies and early stops against weights remaining: the paper's figures 1 and 4. */

import { levelTable } from "../../analysis/study_tables.ts";
import type { Figure, Section } from "./section.ts";
import type { Metric } from "../../analysis/study.ts";
import { startsUntrained } from "../verdicts/finding.ts";
import type { ReportStudy } from "../studies.ts";
import type { SeriesKind } from "../../analysis/series.ts";
import { type LevelPanel, levelPanel, levelSpec } from "../../figures/level_figures.ts";

const BARS = "thin bars: least to greatest trial; thick bars: 95% interval of the mean (bootstrap)";

/** The means by kind and level, as figures and as a table. */
export const levelSection: Section = ({ study, kinds, means }) =>
  Promise.resolve({
    figures: levelFigures(study, kinds, means),
    tables: [levelTable(study.runs, kinds)],
  });

function levelFigures(
  study: ReportStudy,
  kinds: readonly SeriesKind[],
  means: string,
): Figure[] {
  const { runs } = study;
  const panel = (title: string, yTitle: string, metric: Metric) =>
    levelPanel(runs, kinds, { title, yTitle, metric });
  const hasBars = new Set(runs.map(({ trial }) => trial)).size > 1;
  const hasControl = kinds.includes("reinit");
  const subtitle = hasBars ? `${means}; ${BARS}` : means;
  const figure = (
    name: string,
    title: string,
    caption: string[],
    panels: LevelPanel[],
  ): Figure => ({
    ...{ name, title },
    caption: [...caption, ...(hasBars ? [`Each value a mean over trials; ${BARS}.`] : [])].join(
      " ",
    ),
    spec: levelSpec(panels, { title, subtitle }),
  });
  const shown = panel("Before training", "Test accuracy (%)", "initialAccuracy");
  const isShown = startsUntrained(study) && new Set(shown.data.map(({ level }) => level)).size > 1;
  const untrained = !isShown ? [] : [
    figure(
      "before-training",
      "Accuracy before any training",
      [
        "No weight has been trained yet: each network has the values that it starts from. Where " +
        "tickets lie far above the full network (left end), pruning alone has made them so: " +
        "which weights remain is something that was learned (Zhou et al. 2019).",
        hasControl ? "The controls have the same connections, and other values." : "",
      ].filter((line) => line !== ""),
      [shown],
    ),
  ];
  const hasEarlyStop = runs.some(({ earlyStopIteration }) => earlyStopIteration !== null);
  const early = !hasEarlyStop ? [] : [
    figure(
      "early-stop",
      "Speed and accuracy as networks shrink",
      [
        "The paper's figures 1 and 4a. The early stop is the iteration of the smallest " +
        "validation loss: lower is faster. A winning ticket stops no later than the full network " +
        `(left end) and is at least as accurate${
          hasControl ? "; its controls fall behind it" : ""
        }.`,
        hasBars
          ? "The bootstrap's interval is too narrow for few trials (of five it holds the mean in " +
            "83 of 100 cases, not in 95); claims are judged by Student's."
          : "",
      ].filter((line) => line !== ""),
      [
        panel("Early stop", "Iteration", "earlyStopIteration"),
        panel("Test accuracy at the early stop", "Test accuracy (%)", "earlyStopAccuracy"),
      ],
    ),
  ];
  return [
    ...untrained,
    ...early,
    figure("end-of-training", "The end of training", [
      "The paper's figure 4b. The gap between training accuracy (the mean of the last 100 " +
      "batches) and test accuracy says how well a network generalizes.",
    ], [
      panel("Test accuracy at the end of training", "Test accuracy (%)", "finalAccuracy"),
      panel("Training accuracy at the end", "Training accuracy (%)", "finalTrainAccuracy"),
    ]),
  ];
}
