/** Writes tables of values as CSV, as JSON, and as cells for people. */

import { numberText } from "./percent.ts";

export type Cell = string | number | null;

/** A column of a table. */
export interface Column {
  /** Its name in CSV and JSON. */
  key: string;
  /** Its head for people, with the unit. */
  title: string;
  /** Digits after the point for people; files have the value, to 12 significant digits. */
  digits?: number;
  /** Whether it is in the files alone: too long, or too much beside the others. */
  isFileOnly?: boolean;
}

/** A table of values: columns and rows. */
export interface DataTable {
  /** Name of its files. */
  name: string;
  title: string;
  columns: readonly Column[];
  rows: readonly Record<string, Cell>[];
}

/** RFC 4180, with a head; a cell without a value is empty. */
export function tableCsv({ columns, rows }: DataTable): string {
  const line = (cells: readonly Cell[]) => cells.map(csvCell).join(",") + "\r\n";
  return [
    line(columns.map(({ key }) => key)),
    ...rows.map((row) => line(columns.map(({ key }) => fileCell(row[key])))),
  ].join("");
}

/** Significant digits of a number in a file: 100 × 0.9824 is 98.24 there, not 98.24000000000001. */
const FILE_DIGITS = 12;

function fileCell(cell: Cell | undefined): Cell {
  return typeof cell === "number" ? Number(cell.toPrecision(FILE_DIGITS)) : cell ?? null;
}

function csvCell(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An array of objects. */
export function tableJson({ columns, rows }: DataTable): string {
  const plain = rows.map((row) =>
    Object.fromEntries(columns.map(({ key }) => [key, fileCell(row[key])]))
  );
  return JSON.stringify(plain, null, 1) + "\n";
}

/** A cell as it is shown. */
export function cellText(cell: Cell | undefined, { digits }: Column): string {
  if (cell === null || cell === undefined) return "–";
  return typeof cell === "number" && digits !== undefined ? numberText(cell, digits) : String(cell);
}
