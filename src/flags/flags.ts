/**
 * Parses command-line flags from their declarations. The same declarations make the help text, the
 * page's form and the arguments that run.json records.
 */
import { parseArgs } from "@std/cli";
import { UsageError } from "../errors.ts";

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
  /**
   * The same of a flag that may be given more than once: the value that all texts mean together.
   */
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

/** Whether an argument stands where a value was forgotten: `-5` is a value, `--json` is not. */
function looksLikeFlag(arg: string): boolean {
  return /^-(?![\d.])/.test(arg);
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
function literal(text: string): string {
  return quoted(text) ?? text;
}

/** The values of booleans; null for None, as if the flag were not given. */
const TRUTHS: ReadonlyMap<string, boolean | null> = new Map([
  ...["True", "true"].map((word) => [word, true] as const),
  ...["False", "false"].map((word) => [word, false] as const),
  [NONE, null],
]);

/** Reads flags where no other arguments are allowed; see `parseArguments`. */
export function parseFlags<S extends FlagSet>(args: readonly string[], flags: S): FlagValues<S> {
  return parseArguments(args, flags, []).values;
}

/**
 * Reads `--flag value`, `--flag=value`, `--flag` and `--no-flag` (booleans), and between them the
 * operands: arguments that are no flags, such as files; after `--` all are. Names may be written
 * with underscores, and values as Python Fire reads them (`=True`, `=None`, `='a'`), as in the
 * scripts of the original's users: `--output_dir=D`.
 *
 * @param operandNames what each operand is, such as RUNNER, ARGFILE; all are required, but for a
 *   last one in brackets, `[PATH…]`, which stands for any number
 * @throws UsageError unknown or repeated flag, missing or bad value, too few or too many operands
 */
export function parseArguments<S extends FlagSet>(
  args: readonly string[],
  flags: S,
  operandNames: readonly string[],
): { values: FlagValues<S>; operands: string[] } {
  // `task -- --flag`, as npm wants it, is forgiven where nothing but flags can follow.
  const isForgiven = args[0] === "--" && operandNames.length === 0;
  const keys = Object.keys(flags),
    names = new Map(keys.map((key) => [flagName(key).slice(2), key]));
  const isBoolean = (name: string) => flags[names.get(name)!].kind === "boolean";
  const booleans = [...names.keys()].filter(isBoolean);
  const { _: before, "--": after = [], ...given } = parseArgs(
    fromFire(isForgiven ? args.slice(1) : args, flags),
    {
      string: ["_", ...[...names.keys()].filter((name) => !isBoolean(name))],
      ...{ boolean: booleans, negatable: booleans, collect: [...names.keys()], "--": true },
    },
  );
  const operands = [...before.map(String), ...after];
  checkOperands(operands, operandNames);
  const values: Record<string, unknown> = {};
  for (const [name, key] of names) {
    const flag = flags[key], texts = given[name] as (string | boolean)[] | undefined ?? [];
    values[key] = valueOf(flag, `--${name}`, texts);
  }
  return { values: values as FlagValues<S>, operands };
}

/** The value of a flag that was given with these texts. */
function valueOf(flag: Flag, name: string, texts: readonly (string | boolean)[]): unknown {
  if (texts.length === 0) return flag.default;
  if (flag.parseAll) {
    if (texts.length > 1 && texts.includes(NONE)) {
      throw new UsageError(`${name} is None and not; give one of them`);
    }
    return texts[0] === NONE ? flag.default : flag.parseAll(texts as string[], name);
  }
  if (texts.length > 1) throw new UsageError(`${name} is given twice; give it once`);
  const [text] = texts;
  if (text === NONE) return flag.default;
  return typeof text === "boolean" ? text : flag.parse(literal(text), name);
}

/** @throws UsageError if there are too few operands or too many, or one is empty */
function checkOperands(operands: readonly string[], names: readonly string[]): void {
  const isOpenEnded = names.at(-1)?.startsWith("[") ?? false;
  const required = names.length - (isOpenEnded ? 1 : 0);
  if (operands.length > required && !isOpenEnded) {
    const expected = names.length === 0
      ? "a flag and its value are"
      : `no more than ${names.join(" ")} and flags are`;
    throw new UsageError(`unexpected argument ${quote(operands[required])}: ${expected} expected`);
  }
  const empty = operands.indexOf("");
  if (empty >= 0) {
    throw new UsageError(
      `${names[Math.min(empty, names.length - 1)]} is an empty text: ` +
        "is a variable of the shell not set?",
    );
  }
  if (operands.length >= required) return;
  throw new UsageError(
    `${names[operands.length]} is missing: ${names.join(" ")} and flags are expected ` +
      "(--help tells more)",
  );
}

/**
 * The same arguments as `parseArgs` reads them: each name with dashes, each value behind its `=`,
 * Python's True and False as `--name` and `--no-name`.
 */
function fromFire(args: readonly string[], flags: FlagSet): string[] {
  const spellings = new Map<string, string>();
  for (const [key, flag] of Object.entries(flags)) {
    spellings.set(flagName(key), key);
    if (flag.kind === "boolean") spellings.set(flagName(key).replace("--", "--no-"), key);
  }
  const written: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--") return [...written, ...args.slice(i)];
    if (!arg.startsWith("-") || arg === "-") {
      written.push(arg);
      continue;
    }
    const [spelling, inline] = arg.split(/=(.*)/s, 2) as [string, string | undefined];
    const name = spelling.replaceAll("_", "-"), key = spellings.get(name);
    if (key === undefined) {
      throw new UsageError(
        `unknown flag ${quote(spelling)}; the nearest is ${nearest(name, [...spellings.keys()])} ` +
          "(--help lists all)",
      );
    }
    const flag = flags[key], next = args[i + 1] as string | undefined;
    if (flag.kind !== "boolean") {
      if (inline === undefined && (next === undefined || looksLikeFlag(next))) {
        const hint = next === undefined
          ? ""
          : ` (for a value that begins with a dash: ${name}=VALUE)`;
        throw new UsageError(`${name} needs a value: ${name} ${flag.placeholder}${hint}`);
      }
      written.push(`${name}=${inline ?? next}`);
      if (inline === undefined) i++;
      continue;
    }
    // Only Python's words: a folder may be called "true".
    const isWord = inline === undefined && /^(True|False|None)$/.test(next ?? "");
    const text = isWord ? next! : inline;
    if (text === undefined) {
      written.push(name);
      continue;
    }
    const value = TRUTHS.get(text);
    if (value === undefined || name !== flagName(key)) {
      throw new UsageError(
        `${name} takes no value, not ${quote(text)}; write ${flagName(key)} or ` +
          `${flagName(key).replace("--", "--no-")}`,
      );
    }
    if (value !== null) written.push(value ? name : name.replace("--", "--no-"));
    if (isWord) i++;
  }
  return written;
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

/** Lines of at most `width` characters, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

const HELP_COLUMN = 32, HELP_WIDTH = 100;

function helpEntry(key: string, flag: Flag): string[] {
  // A boolean that is on is turned off, so that is the spelling worth showing.
  const name = flag.default === true ? flagName(key).replace("--", "--no-") : flagName(key);
  const left = `  ${`${name} ${flag.placeholder}`.trimEnd()}`;
  const note = flag.defaultText === "" ? "" : ` (default: ${flag.defaultText})`;
  const right = wrap(flag.help + note, HELP_WIDTH - HELP_COLUMN);
  const indent = " ".repeat(HELP_COLUMN);
  return left.length < HELP_COLUMN - 1
    ? [left.padEnd(HELP_COLUMN) + right[0], ...right.slice(1).map((line) => indent + line)]
    : [left, ...right.map((line) => indent + line)];
}

/** The text of `--help`: usage, summary, flags by group in the order of declaration, examples. */
export function helpText(
  task: string,
  summary: string,
  flags: FlagSet,
  examples: readonly string[],
  operandNames: readonly string[] = [],
): string {
  const groups = new Map<string, string[]>();
  for (const [key, flag] of Object.entries(flags)) {
    const lines = groups.get(flag.group) ?? [];
    groups.set(flag.group, [...lines, ...helpEntry(key, flag)]);
  }
  const sections = [...groups].map(([group, lines]) => `${group}:\n${lines.join("\n")}`);
  const shown = examples.map((example) => `  ${example}`).join("\n");
  return [
    `Usage: deno task ${[task, ...operandNames, "[flags]"].join(" ")}`,
    wrap(summary, HELP_WIDTH).join("\n"),
    ...sections,
    ...(shown === "" ? [] : [`Examples:\n${shown}`]),
  ].join("\n\n");
}
