/** Curves of training: the paper's figure 3. */

import { type CurveGroup, type CurvePanel, curveSpec } from "../../figures/curve_figures.ts";
import type { Figure, Section, SectionSource } from "./section.ts";
import { nearestLevels } from "../../analysis/study.ts";
import { readCurves } from "../study_arrays.ts";

const BANDS =
  "light band: least to greatest trial; dark band: 95% interval of the mean (bootstrap)";

/** The curves of some levels. */
export const curveSection: Section = async (source) => ({
  figures: await curveFigures(source),
  tables: [],
});

async function curveFigures(source: SectionSource): Promise<Figure[]> {
  const { percents, means } = source, subtitle = `${means}; ${BANDS}`;
  const test = await readCurves(source, "test", percents);
  const validate = await readCurves(source, "validate", percents);
  const figures: Figure[] = [];
  if (test.length > 0) {
    figures.push({
      name: "test-accuracy",
      title: "Test accuracy while training",
      caption:
        "The paper's figure 3. Left and middle: tickets, first learning faster as they shrink, " +
        "then slower. Right: tickets (solid) and their reinitialized controls (dashed).",
      spec: curveSpec(curvePanels(test), {
        yTitle: "Test accuracy (%)",
        read: ({ accuracy }) => 100 * accuracy,
      }, { title: "Test accuracy while training", subtitle }),
    });
  }
  if (validate.length > 0) {
    figures.push({
      name: "validation-loss",
      title: "Validation loss while training",
      caption: "Its minimum is the early stop; a loss that rises after it says that the network " +
        "overfits. Panels as above.",
      spec: curveSpec(curvePanels(validate), {
        yTitle: "Validation loss (nats)",
        read: ({ loss }) => loss,
      }, { title: "Validation loss while training", subtitle }),
    });
  }
  return figures;
}

/** As the paper's figure 3: larger tickets, smaller ones, tickets with their controls. */
function curvePanels(groups: readonly CurveGroup[]): CurvePanel[] {
  const tickets = groups.filter(({ kind }) => kind === "ticket");
  const half = Math.ceil(tickets.length / 2);
  const smaller = tickets.slice(half);
  const reinits = groups.filter(({ kind, percent }) => kind === "reinit" && percent < 100);
  const paired = nearestLevels(
    reinits.map(({ percent }, level) => ({ level, percent, runs: [] })),
    [51.3, 21.1],
  ).map(({ level }) => reinits[level]);
  const withReinits = paired.length > 0 ? paired : reinits.slice(0, 2);
  const twins = tickets.filter(({ percent }) =>
    withReinits.some((other) => Math.abs(other.percent - percent) < 0.01 * percent)
  );
  return [
    { title: "Tickets", groups: tickets.slice(0, half) },
    ...(smaller.length > 0 ? [{ title: "Smaller tickets", groups: [tickets[0], ...smaller] }] : []),
    ...(withReinits.length > 0
      ? [{ title: "Tickets and reinitialized controls", groups: [...twins, ...withReinits] }]
      : []),
  ].filter(({ groups }) => groups.length > 0);
}
