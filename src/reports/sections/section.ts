/** A section of a report: figures and tables of one kind, read from the runs of a study. */

import type { DataTable } from "../../analysis/data_table.ts";
import type { SeriesKind } from "../../analysis/series.ts";
import type { TopLevelSpec } from "../../npm/vega.ts";
import type { ConnectivityRow } from "../connectivity_report.ts";
import type { ReportRun, ReportStudy } from "../studies.ts";
import type { ArraySource } from "../study_arrays.ts";

/** A figure before it is drawn. */
export interface Figure {
  /** Name of its files. */
  name: string;
  title: string;
  /** Explains what the figure shows. */
  caption: string;
  spec: TopLevelSpec;
  /** Whether it is a page's first figure, which is wide where there is room. */
  isWide?: boolean;
}

/** Compares the tickets of some levels on the engine. */
export type Connect = (
  study: ReportStudy,
  tickets: readonly ReportRun[],
  levels: readonly number[],
  onFault: (line: string) => void,
) => Promise<ConnectivityRow[]>;

/** The input of a section. */
export interface SectionSource extends ArraySource {
  /** Kinds of runs that there are. */
  kinds: readonly SeriesKind[];
  /** Densities whose curves are shown, and whose tickets are compared. */
  percents: readonly number[];
  /** Compares tickets on the engine; null where that was not asked for. */
  connect: Connect | null;
  /** "Means of 5 trials", for subtitles. */
  means: string;
}

/** A section; one without figures and tables is left out. */
export type Section = (source: SectionSource) => Promise<{
  figures: Figure[];
  tables: DataTable[];
}>;
