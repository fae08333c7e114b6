/** The figure of what was found: tickets and their controls against weights remaining. */

import { findingSpec } from "../../figures/finding_figure.ts";
import { findingOf, judgedRuns } from "../verdicts/finding.ts";
import type { StudyRun } from "../../analysis/study.ts";
import type { Section } from "./section.ts";

/** The finding, where there is a ticket to judge. */
export const findingSection: Section = ({ study, means }) => {
  const { level, metric, numbers } = findingOf(study);
  if (level === null) return Promise.resolve({ figures: [], tables: [] });
  const runs = judgedRuns(study).filter(({ kind }) => kind === "ticket" || kind === "reinit");
  const isEarly = metric === "earlyStopAccuracy";
  const hasControl = numbers.some(({ of }) => of === "control");
  return Promise.resolve({
    figures: [{
      name: "finding",
      title: "Accuracy as the network shrinks",
      caption:
        "From left to right fewer and fewer weights remain. Dashed: the full network's accuracy. " +
        (hasControl
          ? "Dotted: the distance between the ticket and the same connections with new starting " +
            "values. "
          : "") +
        (runs.length > new Set(runs.map(({ kind, level }) => `${kind} ${level}`)).size
          ? "Bars: from the least to the greatest trial. "
          : "") +
        (isEarly ? "At the early stop." : "At the end of training."),
      isWide: true,
      spec: findingSpec(runs as StudyRun[], metric, level, {
        title: "Accuracy as the network shrinks",
        subtitle: means,
      }),
    }],
    tables: [],
  });
};
