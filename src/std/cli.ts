/**
 * `parseArgs` of JSR's `@std/cli` with the same options and results, but for dotted names,
 * `stopEarly` and `boolean: true`. Point the import map at `jsr:@std/cli` to use the original
 * instead.
 */

/** The expected arguments; names are written without dashes. */
export interface ParseOptions<B extends string, S extends string, C extends string> {
  /** Put the arguments after `--` under "--" instead of "_". */
  "--"?: boolean;
  /** Other names of a flag; each name gets the value. */
  alias?: Record<string, string | readonly string[]>;
  /** Flags that never take the next argument. */
  boolean?: B | readonly B[];
  /** Flags whose values are never turned into numbers. */
  string?: S | readonly S[];
  /** Flags that may be repeated; their value is an array. */
  collect?: C | readonly C[];
  /** Boolean flags that `--no-name` sets to false. */
  negatable?: string | readonly string[];
  default?: Record<string, unknown>;
  /** Called with each argument that no other option names; if it returns false, it is left out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Values by name, and the arguments that are not flags under `_`. */
export type Args<B extends string = string, S extends string = string, C extends string = never> =
  & { _: (string | number)[]; "--"?: string[] }
  & { [K in Exclude<B, C>]: boolean }
  & { [K in Exclude<S, C>]?: string }
  & { [K in C]: unknown[] }
  & { [name: string]: unknown };

function listOf(names: string | readonly string[] | undefined): readonly string[] {
  if (names === undefined) return [];
  return typeof names === "string" ? [names] : names;
}

function isNumber(text: string): boolean {
  return /^0x[0-9a-f]+$/i.test(text) || /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text);
}

/** Groups of names that share one value, by each of those names. */
function aliasGroups(alias: Record<string, string | readonly string[]>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, others] of Object.entries(alias)) {
    const group = [name, ...listOf(others)];
    for (const member of group) groups.set(member, group);
  }
  return groups;
}

/** Parses command-line arguments; see `ParseOptions`. */
export function parseArgs<
  B extends string = never,
  S extends string = never,
  C extends string = never,
>(args: readonly string[], options: ParseOptions<B, S, C> = {}): Args<B, S, C> {
  const groups = aliasGroups(options.alias ?? {});
  const namesOf = (key: string) => groups.get(key) ?? [key];
  const setOf = (names: string | readonly string[] | undefined) =>
    new Set(listOf(names).flatMap(namesOf));
  const booleans = setOf(options.boolean), strings = setOf(options.string);
  const collected = setOf(options.collect), negatable = setOf(options.negatable);
  const defaults = new Map(
    Object.entries(options.default ?? {}).flatMap(([key, value]) =>
      namesOf(key).map((name) => [name, value] as const)
    ),
  );
  const known = new Set([...booleans, ...strings, ...defaults.keys(), ...groups.keys()]);
  const values = new Map<string, unknown>();
  const rest: (string | number)[] = [];

  const set = (key: string, raw: string | boolean, arg: string) => {
    const isText = typeof raw === "string" && (strings.has(key) || !isNumber(raw));
    const value = typeof raw === "boolean" || isText ? raw : Number(raw);
    if (!known.has(key) && options.unknown?.(arg, key, value) === false) return;
    for (const name of namesOf(key)) {
      const before = values.get(name);
      if (!collected.has(name)) values.set(name, value);
      else values.set(name, Array.isArray(before) ? [...before, value] : [value]);
    }
  };

  const end = args.indexOf("--");
  const flags = end < 0 ? args : args.slice(0, end);
  const afterDashes = end < 0 ? [] : args.slice(end + 1);

  for (let i = 0; i < flags.length; i++) {
    const arg = flags[i], next: string | undefined = flags[i + 1];

    /** Sets a flag that has no value of its own, from the next argument if that can be it. */
    const setFromNext = (key: string) => {
      const takesNext = !booleans.has(key) && !next?.startsWith("-");
      if (next && (takesNext || next === "true" || next === "false")) {
        set(key, takesNext ? next : next === "true", arg);
        i++;
      } else {
        set(key, strings.has(key) ? "" : true, arg);
      }
    };

    const long = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
    if (long) {
      const [, key, value] = long;
      if (value !== undefined) set(key, booleans.has(key) ? value !== "false" : value, arg);
      else if (key.startsWith("no-") && negatable.has(key.slice(3))) set(key.slice(3), false, arg);
      else setFromNext(key);
    } else if (/^-[^-]/.test(arg)) {
      // `-abc` is three flags; `-n5`, `-n=5` and `-n 5` give the last one a value.
      const letters = arg.slice(1);
      for (let j = 0; j < letters.length; j++) {
        const tail = letters.slice(j + 1);
        if (tail === "") setFromNext(letters[j]);
        else if (tail.startsWith("=") || isNumber(tail) || /^\W/.test(tail)) {
          set(letters[j], tail.replace(/^=/, ""), arg);
          break;
        } else set(letters[j], strings.has(letters[j]) ? "" : true, arg);
      }
    } else if (options.unknown?.(arg) !== false) {
      rest.push(isNumber(arg) && !strings.has("_") ? Number(arg) : arg);
    }
  }

  for (const [name, value] of defaults) if (!values.has(name)) values.set(name, value);
  for (const name of booleans) {
    if (!values.has(name)) values.set(name, collected.has(name) ? [] : false);
  }
  for (const name of strings) if (!values.has(name) && collected.has(name)) values.set(name, []);
  const tail = options["--"] ? { "--": afterDashes } : {};
  return {
    ...Object.fromEntries(values),
    ...tail,
    _: options["--"] ? rest : [...rest, ...afterDashes],
  } as Args<B, S, C>;
}
