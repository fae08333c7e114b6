/** Accuracies and early stops against weights remaining: the paper's figures 1 and 4. */

import { levelTable } from "../../analysis/study_tables.ts";
import type { Figure, Section } from "./section.ts";
import type { Metric } from "../../analysis/study.ts";
import type { ReportStudy } from "../studies.ts";
import type { SeriesKind } from "../../analysis/series.ts";
import { levelPanel, levelSpec } from "../../figures/level_figures.ts";

const BARS = "thin bars: least to greatest trial; thick bars: 95% interval of the mean (bootstrap)";

/** The means by kind and level, as figures and as a table. */
export const levelSection: Section = ({ study, kinds, means }) =>
  Promise.resolve({
    figures: levelFigures(study, kinds, means),
    tables: [levelTable(study.runs, kinds)],
  });

function levelFigures(
  { runs }: ReportStudy,
  kinds: readonly SeriesKind[],
  means: string,
): Figure[] {
  const panel = (title: string, yTitle: string, metric: Metric) =>
    levelPanel(runs, kinds, { title, yTitle, metric });
  const subtitle = `${means}; ${BARS}`;
  const hasEarlyStop = runs.some(({ earlyStopIteration }) => earlyStopIteration !== null);
  const early: Figure[] = hasEarlyStop
    ? [{
      name: "early-stop",
      title: "Early stop against weights remaining",
      caption:
        "The paper's figures 1 and 4a. Left: the iteration of the smallest validation loss, " +
        "lower is " +
        "faster. Right: the test accuracy at that iteration. A winning ticket stops no later " +
        "than the " +
        "full network (left end) and is at least as accurate, and its controls fall behind it. " +
        "The " +
        "bootstrap's interval is too narrow for few trials (of five it holds the mean in 83 of " +
        "100 cases, not in 95); claims are judged by Student's.",
      spec: levelSpec([
        panel("Early stop", "Iteration", "earlyStopIteration"),
        panel("Test accuracy at the early stop", "Test accuracy (%)", "earlyStopAccuracy"),
      ], { title: "How fast and how well networks learn as they are pruned", subtitle }),
    }]
    : [];
  return [...early, {
    name: "end-of-training",
    title: "End of training against weights remaining",
    caption:
      "The paper's figure 4b. The gap between training accuracy (right; the mean of the last 100 " +
      "batches) and test accuracy (left) says how well a network generalizes.",
    spec: levelSpec([
      panel("Test accuracy at the end of training", "Test accuracy (%)", "finalAccuracy"),
      panel("Training accuracy at the end", "Training accuracy (%)", "finalTrainAccuracy"),
    ], { title: "What networks have learned when training ends", subtitle }),
  }];
}
