/** SECTIONS, the table of a report's sections, in the order in which they are shown. */

import { checkClaims } from "../../analysis/claims.ts";
import { claimTable, runTable } from "../../analysis/study_tables.ts";
import { anatomySection } from "./anatomy_section.ts";
import { connectivitySection } from "./connectivity_section.ts";
import { curveSection } from "./curve_section.ts";
import { findingSection } from "./finding_section.ts";
import { levelSection } from "./level_section.ts";
import { scoreSection } from "./score_section.ts";
import type { Section } from "./section.ts";

const claimSection: Section = ({ study: { runs, settings } }) => {
  const claims = checkClaims(runs, settings.network.layers);
  return Promise.resolve({ figures: [], tables: [claimTable(claims)] });
};

export const SECTIONS: readonly Section[] = [
  findingSection,
  claimSection,
  levelSection,
  curveSection,
  anatomySection,
  scoreSection,
  connectivitySection,
  ({ study }) => Promise.resolve({ figures: [], tables: [runTable(study.runs)] }),
];
