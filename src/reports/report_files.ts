/**
 * The options and the outcome of every report; its figures, each as SVG and as its specification,
 * and its tables as files.
 */

import { type DataTable, tableCsv, tableJson } from "../analysis/data_table.ts";
import { renderSvg } from "../figures/render_svg.ts";
import { sealSvg } from "../formats/seal.ts";
import { encodeText, within } from "../records/record.ts";
import type { Storage } from "../storage/storage.ts";
import { legendsOf, panelsOf } from "../figures/panels.ts";
import type { DrawnFigure, DrawnPanel } from "./page/figure_html.ts";
import type { Connect, Figure } from "./sections/section.ts";

/** Options of a report. */
export interface ReportOptions {
  storage: Storage;
  /** Folders of experiments. */
  roots: readonly string[];
  /** Folder of the report. */
  output: string;
  /** Densities in percent whose curves are shown. */
  percents: readonly number[];
  /** Compares tickets on the engine; absent where that was not asked for. */
  connect?: Connect;
  /** Seconds after which a browser loads the page again; null for never. */
  reloadSeconds: number | null;
}

/** A report that was written. */
export interface WrittenReport {
  /** The HTML file. */
  page: string;
  /** For the terminal. */
  text: string;
  json: Record<string, unknown>;
  /** Runs that are left out, wholly or in part, because they are damaged: with the next action. */
  damage: string[];
}

/**
 * Writes the files of a section; returns what its page shows: the figures as drawn, and the tables
 * that are not too long.
 *
 * @param output folder of the page
 * @param folder of the section's files in it: "" or "study2/"
 */
export async function writeSection(
  storage: Storage,
  output: string,
  folder: string,
  { figures, tables }: { figures: readonly Figure[]; tables: readonly DataTable[] },
): Promise<{ figures: DrawnFigure[]; tables: DataTable[] }> {
  await storage.sweep(within(output, folder), { isDeep: false });
  const drawn: DrawnFigure[] = [];
  for (const figure of figures) drawn.push(await drawFigure(storage, output, folder, figure));
  for (const table of tables) {
    const path = within(output, `${folder}${table.name}`);
    await storage.write(`${path}.csv`, encodeText(tableCsv(table)));
    await storage.write(`${path}.json`, encodeText(tableJson(table)));
  }
  return { figures: drawn, tables: tables.filter(isShown) };
}

/** Single runs and pairs are files only: thousands of rows are no page. */
function isShown({ name, rows }: DataTable): boolean {
  return name !== "claims" && rows.length <= MAX_ROWS;
}

const MAX_ROWS = 400;

async function drawFigure(
  storage: Storage,
  output: string,
  folder: string,
  { name, title, caption, spec, isWide }: Figure,
): Promise<DrawnFigure> {
  const path = `${folder}${name}`;
  await storage.write(within(output, `${path}.svg`), await sealSvg(await renderSvg(spec)));
  await storage.write(within(output, `${path}.vl.json`), encodeText(JSON.stringify(spec) + "\n"));
  const widths = isWide ? [WIDE, undefined] : [undefined];
  const drawings: DrawnPanel[][][] = [];
  for (const width of widths) {
    const rows: DrawnPanel[][] = [];
    for (const row of panelsOf(spec, width)) {
      rows.push(
        await Promise.all(row.map(async ({ spec, ...panel }) => ({
          ...panel,
          svg: await renderSvg(spec),
        }))),
      );
    }
    drawings.push(rows);
  }
  const [rows, narrow] = drawings;
  return { name, title, caption, path, rows, narrow: narrow ?? null, legends: legendsOf(spec) };
}

/** Pixels of the first figure where there is room for it. */
const WIDE = 656;
