/** Argfiles as text: one line of flags per run, quoted as in a POSIX shell. */
import { UsageError } from "../errors.ts";

/** A line of an argfile. */
export interface ArgfileLine {
  /** Its number, from 1. */
  line: number;
  args: string[];
}

/** The arguments as one line; those with characters that a shell understands are quoted. */
export function joinLine(args: readonly string[]): string {
  return args.map((arg) =>
    /^[\w@%+=:,./~-]+$/.test(arg) && !arg.startsWith("~") && !arg.startsWith("#")
      ? arg
      : `'${arg.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

/** A blank; a part in quotes; an escaped character; or any other run of characters. */
const PART = /(\s+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/sy;

/**
 * The arguments of a line.
 *
 * @param where the file and line, for the error
 * @throws UsageError if a quotation or an escape does not end
 */
export function splitLine(line: string, where: string): string[] {
  const args: string[] = [];
  let word: string | null = null;
  for (let position = 0; position < line.length; position = PART.lastIndex) {
    PART.lastIndex = position;
    const match = PART.exec(line);
    if (match === null) {
      throw new UsageError(
        `${where}: what begins with ${line[position]} at column ${position + 1} does not end: ` +
          "close the quotation, or write flags as --name=value",
      );
    }
    const [, blank, single, double, escaped, plain] = match;
    if (blank !== undefined) {
      if (word !== null) args.push(word);
      word = null;
      continue;
    }
    // Between double quotes a shell keeps the backslash before all but these.
    const text = single ?? double?.replace(/\\([$`"\\])/g, "$1") ?? escaped ?? plain;
    word = (word ?? "") + text;
  }
  if (word !== null) args.push(word);
  return args;
}

/**
 * The lines of an argfile that hold flags; blank ones and comments (#) are left out.
 *
 * @param name the file's, for errors
 */
export function parseArgfile(text: string, name: string): ArgfileLine[] {
  return text.split(/\r?\n/).flatMap((content, i) => {
    if (/^\s*(#|$)/.test(content)) return [];
    return [{ line: i + 1, args: splitLine(content, `${name}:${i + 1}`) }];
  });
}
