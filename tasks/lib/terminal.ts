/**
 * Writes the texts of tasks to the terminal. Texts can come from files: what would move the cursor,
 * change colours or turn the direction of writing is shown as a replacement character.
 */

import { StorageError } from "../../src/errors.ts";

/** Control characters but newline and tab; and those that turn lines or end them otherwise. */
const UNSAFE = /[^\P{Cc}\n\t]|[\u2028-\u202e\u2066-\u2069]/gu;

/** A text that a terminal shows as it is. */
export function visible(text: string): string {
  return text.replace(UNSAFE, "\ufffd");
}

/** The same on one line. */
export function onOneLine(text: string): string {
  return visible(text.replace(/\s*\p{Cc}+\s*/gu, " ")).trim();
}

/** A value as JSON, with what is unsafe escaped. */
export function jsonText(value: unknown): string {
  const escape = (unsafe: string) => `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, 2).replace(UNSAFE, escape);
}

/**
 * Writes to stdout; returns whether someone still reads it: `| head` has read enough.
 *
 * @throws StorageError if it cannot be written, as into a file on a full disk
 */
export function writeStdout(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StorageError(
      `results cannot be written to stdout (${reason}); send them elsewhere, then run the same ` +
        "command again",
    );
  }
}

/**
 * Writes to stderr. Where that cannot be done (a terminal that was closed, a full disk, a reader
 * that has gone away), the text is lost and nothing else: it is no reason to end an experiment.
 */
export function writeStderr(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stderr.writeSync(bytes.subarray(done));
  } catch {
    // See above.
  }
}
