/** Curves of training: the paper's figure 3. */

import {
  type CurveGroup,
  type CurveMetric,
  type CurvePanel,
  curveSpec,
} from "../../figures/curve_figures.ts";
import type { Figure, Section, SectionSource } from "./section.ts";
import { levelsOf, nearestLevels } from "../../analysis/study.ts";
import { readCurves } from "../study_arrays.ts";

const BANDS =
  "light band: least to greatest trial; dark band: 95% interval of the mean (bootstrap)";

/** The curves of some levels. */
export const curveSection: Section = async (source) => ({
  figures: await curveFigures(source),
  tables: [],
});

async function curveFigures(source: SectionSource): Promise<Figure[]> {
  const { means, study: { runs } } = source;
  const smallest = smallestPair(runs);
  const percents = smallest === null ? source.percents : [...source.percents, smallest];
  const bands = new Set(runs.map(({ trial }) => trial)).size > 1 ? [BANDS] : [];
  const subtitle = [means, ...bands].join("; ");
  const figures: Figure[] = [];
  const add = (
    name: string,
    groups: readonly CurveGroup[],
    texts: { title: string; caption: (panels: readonly CurvePanel[]) => string[] },
    metric: CurveMetric,
  ) => {
    if (groups.length === 0) return;
    const { title } = texts, panels = curvePanels(groups, smallest);
    const caption = [...texts.caption(panels), ...bands.map((line) => `Of the trials: ${line}.`)]
      .join(" ");
    figures.push({ name, title, caption, spec: curveSpec(panels, metric, { title, subtitle }) });
  };
  add("test-accuracy", await readCurves(source, "test", percents), {
    title: "Test accuracy while training",
    caption: (panels) => [
      "The paper's figure 3.",
      ...(panels.some(({ groups }) => groups.some(({ kind }) => kind === "reinit"))
        ? ["Solid: tickets; dashed: the same connections with new starting values."]
        : []),
      ...(panels.length > 0 && panels[0].groups.length > 1
        ? ["In the paper tickets first learn faster as they shrink, then slower."]
        : []),
    ],
  }, { yTitle: "Test accuracy (%)", read: ({ accuracy }) => 100 * accuracy });
  add("validation-loss", await readCurves(source, "validate", percents), {
    title: "Validation loss while training",
    caption: () => [
      "Its minimum is the early stop; a loss that rises after it says that the network overfits.",
    ],
  }, { yTitle: "Validation loss (nats)", read: ({ loss }) => loss });
  return figures;
}

/** Weights remaining of the smallest ticket that has a control; null if there is none. */
function smallestPair(runs: SectionSource["study"]["runs"]): number | null {
  const controls = new Set(levelsOf(runs, "reinit").map(({ level }) => level));
  const pairs = levelsOf(runs, "ticket").filter(({ level }) => level > 0 && controls.has(level));
  return pairs.at(-1)?.percent ?? null;
}

/** More curves of tickets than that stand in two panels. */
const MOST_CURVES = 4;

/** As the paper's figure 3: larger tickets, smaller ones, tickets with their controls. */
function curvePanels(groups: readonly CurveGroup[], smallest: number | null): CurvePanel[] {
  const tickets = groups.filter(({ kind }) => kind === "ticket");
  const half = tickets.length > MOST_CURVES ? Math.ceil(tickets.length / 2) : tickets.length;
  const smaller = tickets.slice(half);
  const reinits = groups.filter(({ kind, percent }) => kind === "reinit" && percent < 100);
  const isSame = (one: CurveGroup, percent: number) =>
    Math.abs(one.percent - percent) < 0.01 * percent;
  const paired = nearestLevels(
    reinits.map(({ percent }, level) => ({ level, percent, runs: [] })),
    [51.3, 21.1],
  ).map(({ level }) => reinits[level]);
  const last = reinits.filter((one) => smallest !== null && isSame(one, smallest));
  const withReinits = [
    ...new Set([...(paired.length > 0 ? paired : reinits.slice(0, 1)), ...last]),
  ];
  const twins = tickets.filter(({ percent }) =>
    withReinits.some((other) => isSame(other, percent))
  );
  return [
    { title: "Tickets", groups: tickets.slice(0, half) },
    ...(smaller.length > 0 ? [{ title: "Smaller tickets", groups: [tickets[0], ...smaller] }] : []),
    ...(withReinits.length > 0
      ? [{ title: "Tickets and reinitialized controls", groups: [...twins, ...withReinits] }]
      : []),
  ].filter(({ groups }) => groups.length > 0);
}
