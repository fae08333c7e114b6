/** The lines of a benchmark: what was measured, and whether it meets its target. */

import { formatTable } from "../../../src/analysis/table.ts";
import { notice } from "../support.ts";

/** One line of the result. */
export interface Row {
  what: string;
  value: number;
  unit: string;
  /** The target of the value, and whether it is met. */
  target?: string;
  met?: boolean;
}

/** Lines that are shown as they are measured. */
export class Rows {
  readonly all: Row[] = [];

  /** @param isJudged whether targets of time count here: they are for a software adapter */
  constructor(private readonly isJudged: boolean) {}

  /** A measurement without a target. */
  push(row: Row): void {
    this.all.push(row);
    notice(`  ${row.what}: ${format(row)}${verdict(row) && ` (${verdict(row)})`}`);
  }

  /** One that must be at most `most`, on any adapter if it is no time. */
  atMost(row: Row, most: number, isTime = true): void {
    this.#judge(row, `≤ ${most}`, row.value <= most, isTime);
  }

  /** One that must be at least `least`. */
  atLeast(row: Row, least: number): void {
    this.#judge(row, `≥ ${least}`, row.value >= least, true);
  }

  /** All of them as a table. */
  text(): string {
    const lines = this.all.map((row) => [row.what, format(row), verdict(row)]);
    return formatTable(["measurement", "value", "target"], lines, "lrl");
  }

  #judge(row: Row, target: string, met: boolean, isTime: boolean): void {
    this.push(this.isJudged || !isTime ? { ...row, target, met } : row);
  }
}

function format({ value, unit }: Row): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

function verdict({ target, met }: Row): string {
  return target === undefined ? "" : `${target}: ${met ? "met" : "missed"}`;
}
