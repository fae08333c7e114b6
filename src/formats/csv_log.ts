/**
 * A run's metrics as the original library logs them (its `save_restore.write_log`): text ⇄ rows.
 * One row per line, `iteration,N,train_loss,X,train_accuracy,Y`, the keys carrying the phase.
 *
 * Numbers are written as JavaScript prints them: the shortest decimal that reads back as the same
 * 64-bit float. A 32-bit float is a 64-bit float too, so it also comes back bit for bit.
 */

import { FormatError, InputError } from "../errors.ts";

/** The examples on which a log's metrics were measured. */
export type Phase = "train" | "validate" | "test";

/** The metrics of one iteration. */
export interface LogRow {
  /** Updates made before it was measured. */
  iteration: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** Fraction of examples classified right, 0 to 1. */
  accuracy: number;
}

/**
 * The text of a log, every line ended by a newline; empty if there are no rows.
 *
 * @throws InputError if an iteration is not a whole number from 0, or a metric is not finite
 */
export function encodeLog(phase: Phase, rows: readonly LogRow[]): string {
  return rows.map(({ iteration, loss, accuracy }) => {
    if (!(Number.isSafeInteger(iteration) && iteration >= 0)) {
      throw new InputError(`cannot log iteration ${iteration}: not a whole number from 0`);
    }
    if (!Number.isFinite(loss) || !Number.isFinite(accuracy)) {
      throw new InputError(
        `cannot log ${phase} loss ${loss} and accuracy ${accuracy} at iteration ${iteration}: ` +
          `not finite; log only the rows before it`,
      );
    }
    return `iteration,${decimal(iteration)},${phase}_loss,${decimal(loss)},` +
      `${phase}_accuracy,${decimal(accuracy)}\n`;
  }).join("");
}

// As JavaScript and Python print them, Python's nan and inf too.
const NUMBER = String.raw`-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|inf)|nan`;
const ROW = new RegExp(
  String.raw`^iteration,(\d+)(?:\.0)?,(?:(train|validate|test)_)?loss,(${NUMBER}),` +
    String.raw`(?:(train|validate|test)_)?accuracy,(${NUMBER})$`,
);

/**
 * The phase and rows of a log; the phase is null if there are no rows, or the keys carry none, as
 * those of the original's `write_log`.
 *
 * @param where  the file's path, for error messages
 * @param values `any`: nan and inf are read too, which the original logs of trainings that diverge
 * @throws FormatError naming the file and the first line that is not a row of the log
 */
export function decodeLog(
  text: string,
  where: string,
  values: "finite" | "any" = "finite",
): { phase: Phase | null; rows: LogRow[] } {
  const lines = text.split(/\r?\n/);
  if (lines.pop() !== "") {
    throw new FormatError(
      `${where}: line ${lines.length + 1} is cut short (no newline ends it); write the log anew`,
    );
  }
  let phase: Phase | null | undefined;
  const isValue = (value: number) => values === "any" || Number.isFinite(value);
  const rows = lines.map((line, i) => {
    const match = ROW.exec(line);
    const row = match &&
      { iteration: Number(match[1]), loss: toNumber(match[3]), accuracy: toNumber(match[5]) };
    if (
      !row || !Number.isSafeInteger(row.iteration) || match[2] !== match[4] || !isValue(row.loss) ||
      !isValue(row.accuracy)
    ) {
      throw new FormatError(
        `${where}: line ${i + 1} is "${line.slice(0, 60)}" instead of ` +
          `iteration,N,${phase ?? "train"}_loss,X,${
            phase ?? "train"
          }_accuracy,Y; write the log anew`,
      );
    }
    const own = (match[2] ?? null) as Phase | null;
    phase ??= own;
    if (own !== phase) {
      throw new FormatError(
        `${where}: line ${i + 1} belongs to ${
          own ?? "no phase"
        } but the lines before to ${phase}; ` +
          `keep one log per file`,
      );
    }
    return row;
  });
  return { phase: phase ?? null, rows };
}

/** Python writes inf and nan. */
function toNumber(text: string): number {
  if (text.endsWith("inf")) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/** `String` drops the sign of a negative zero. */
function decimal(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
