/**
 * Declarations of command-line flags, and how flags and their values are written. The same
 * declarations make the help text, the page's form and the arguments that run.json records.
 */

/** How a value is written; the page's form chooses its control by it. */
export type FlagKind =
  | "string"
  | "path"
  | "integer"
  | "orAuto"
  | "number"
  | "choice"
  | "boolean"
  | "intRanges"
  | "length"
  | "interval"
  | "percents"
  | "layers"
  | "list";

/** One flag, whose values are `T` and whose value when not given is `D`. */
export interface Flag<T = unknown, D = unknown> {
  readonly kind: FlagKind;
  /** Another name in camel case, by which it can be given too. */
  readonly alias?: string;
  /** Its effect, in one or two sentences without a full stop at the end. */
  readonly help: string;
  /** Stands for the value in the help text; empty for booleans. */
  readonly placeholder: string;
  readonly default: D;
  /** The default in words; empty if there is nothing to say. */
  readonly defaultText: string;
  /** Heading of the help text and of the form under which the flag stands. */
  readonly group: string;
  /** Bounds of a number, for the form. */
  readonly min?: number;
  readonly max?: number;
  /** Possible values of a choice. */
  readonly choices?: readonly string[];
  /** The value that `text` means; throws a `UsageError` that begins with `name`. */
  parse(text: string, name: string): T;
  /** The same of a flag that may be given more than once: the value of all texts together. */
  parseAll?(texts: readonly string[], name: string): T;
  /** Text that `parse` reads as `value`. */
  format(value: T): string;
}

/** Flags by name in camel case: `outputDir` is written `--output-dir`. */
export type FlagSet = Readonly<Record<string, Flag>>;

/** The values of a set of flags, by the same names. */
export type FlagValues<S extends FlagSet> = {
  [K in keyof S]: ReturnType<S[K]["parse"]> | S[K]["default"];
};

/** How a flag is written: `outputDir` becomes `--output-dir`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The user's text for a one-line message: quoted, escaped, at most 60 characters. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(short).replace(/[\p{C}\u2028\u2029]/gu, "?");
}

/** Levenshtein distance of two short strings. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** The known word that takes the fewest edits to reach from `word`; the first of equals. */
export function nearest(word: string, known: readonly string[]): string {
  const distances = known.map((candidate) => editDistance(word.slice(0, 64), candidate));
  return known[distances.indexOf(Math.min(...distances))];
}

/** How users of Python Fire write that a flag is not given. */
export const NONE = "None";

/** A Python text: `'a'` or `"a"`, with nothing around it. */
const QUOTED = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")$/s;

/** The text between quotes, without the backslashes that protect a quote or a backslash. */
export function unquote(inside: string): string {
  return inside.replace(/\\(['"\\])/g, "$1");
}

/** Quoted as `unquote` reads it. */
export function quoteLiterally(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

/** The content of a Python text in quotes; null for any other text. */
export function quoted(text: string): string | null {
  const match = QUOTED.exec(text);
  return match && unquote(match[1] ?? match[2]);
}

/** The value that a text means in Python Fire: `'a'` is a. */
export function literal(text: string): string {
  return quoted(text) ?? text;
}

/** The shortest arguments that `parseFlags` reads as `values`: run.json's command. */
export function toArgs<S extends FlagSet>(values: FlagValues<S>, flags: S): string[] {
  return Object.entries(flags).flatMap(([key, flag]) => {
    const value: unknown = values[key];
    if (value === undefined) return [];
    if (flag.kind === "boolean") {
      if (value === flag.default) return [];
      return [value ? flagName(key) : flagName(key).replace("--", "--no-")];
    }
    const text = flag.format(value);
    const isDefault = flag.default !== undefined && text === flag.format(flag.default);
    const isItself = text !== NONE && literal(text) === text;
    return isDefault ? [] : [`${flagName(key)}=${isItself ? text : quoteLiterally(text)}`];
  });
}
