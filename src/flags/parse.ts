/** Parses command lines by the declarations of their flags. Stands on `parseArgs` of @std/cli. */

import { parseArgs } from "@std/cli";
import {
  type Flag,
  flagName,
  type FlagSet,
  type FlagValues,
  literal,
  nearest,
  NONE,
  quote,
} from "./flags.ts";
import { UsageError } from "../errors.ts";

/** A flag that is not declared. */
export class UnknownFlagError extends UsageError {
  /**
   * The error of a flag as it was written.
   *
   * @param tasks others that have it
   */
  constructor(readonly flag: string, readonly nearest: string, tasks: readonly string[] = []) {
    const others = tasks.length === 0
      ? ""
      : `${tasks.join(", ")} ${tasks.length === 1 ? "has" : "have"} it; `;
    super(`unknown flag ${quote(flag)}; ${others}the nearest is ${nearest} (--help lists all)`);
  }
}

/** Whether an argument stands where a value was forgotten: `-5` is a value, `--json` is not. */
function looksLikeFlag(arg: string): boolean {
  return /^-(?![\d.])/.test(arg);
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
      throw new UsageError(`${name} is given both as None and with a value; give one of them`);
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
        "set the shell variable that it comes from, or leave it out",
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
    for (const name of [key, flag.alias ?? key]) spellings.set(flagName(name), key);
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
      throw new UnknownFlagError(spelling, nearest(name, [...spellings.keys()]));
    }
    const flag = flags[key], next = args[i + 1] as string | undefined;
    if (flag.kind !== "boolean") {
      if (inline === undefined && (next === undefined || looksLikeFlag(next))) {
        const hint = next === undefined
          ? ""
          : ` (for a value that begins with a dash: ${name}=VALUE)`;
        throw new UsageError(`${name} needs a value: ${name} ${flag.placeholder}${hint}`);
      }
      written.push(`${flagName(key)}=${inline ?? next}`);
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
