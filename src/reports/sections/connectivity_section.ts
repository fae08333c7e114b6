/** Paths between tickets: whether two networks lie in one valley (Frankle et al. 2020). */

import type { Connect, Figure, Section, SectionSource } from "./section.ts";
import type { ConnectivityRow } from "../connectivity_report.ts";
import { connectivitySpec } from "../../figures/connectivity_figure.ts";
import { connectivityTable } from "../../analysis/study_tables.ts";
import { levelsOf, nearestLevels } from "../../analysis/study.ts";

/** The lines between tickets, where `--connectivity` asks for them. */
export const connectivitySection: Section = async (source) => {
  const rows = source.connect ? await connectTickets(source, source.connect) : [];
  return rows.length > 0
    ? { figures: connectivityFigures(rows), tables: [connectivityTable(rows)] }
    : { figures: [], tables: [] };
};

/** Of one seed: a ticket and that of the level before must be of one trial. */
async function connectTickets(
  { study, percents, onFault }: SectionSource,
  connect: Connect,
): Promise<ConnectivityRow[]> {
  const tickets = study.runs.filter(({ kind, config }) =>
    kind === "ticket" && config.training.seed === study.settings.training.seed
  );
  const levels = nearestLevels(levelsOf(tickets, "ticket"), percents).map(({ level }) => level);
  return levels.length > 0 ? await connect(study, tickets, levels, onFault) : [];
}

function connectivityFigures(rows: readonly ConnectivityRow[]): Figure[] {
  if (rows.length === 0) return [];
  return [{
    name: "connectivity",
    title: "Paths between tickets",
    caption:
      "Networks on the straight line between two trained tickets, of two trials or of two levels " +
      "of one " +
      "trial. A barrier is how far the test loss rises over the line between its ends (Frankle " +
      "et al. " +
      "2020); without one, both lie in one valley. Right: test examples to which the two give " +
      "different classes.",
    spec: connectivitySpec(rows, {
      title: "Paths between tickets",
      subtitle: "Mean and range of at most three pairs of tickets",
    }),
  }];
}
