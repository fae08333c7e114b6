/**
 * The kinds of flags whose values have parts (lists, ranges, layer=value pairs, training lengths),
 * declared like those of `kinds.ts`.
 */
import { type Bounds, decimal, declare, type FlagSpec, parseInteger, refuse } from "./kinds.ts";
import {
  type Flag,
  type FlagKind,
  nearest,
  NONE,
  quote,
  quoted,
  quoteLiterally,
  unquote,
} from "./flags.ts";
import { UsageError } from "../errors.ts";

/** Time between two of something: seconds or training iterations. */
export type Interval = { readonly seconds: number } | { readonly iterations: number };

/** How long to train: a number of iterations or of passes over the training set, from 1. */
export type TrainingLength = { readonly iterations: number } | { readonly epochs: number };

/** Numbers by layer name. */
export type NumbersByLayer = Readonly<Record<string, number>>;

/** A word that can name a layer, an experiment or a file: no separators, no leading dot or dash. */
export const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A list as Python writes it: `['a','b']`, `(1, 2)`, and what a shell leaves of it: `[a,b]`. */
const BRACKETED = /^\s*(?:\[(.*)\]|\((.*)\))\s*$/s;
/** A part of it, quoted or not, up to the next comma. */
const PART = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^'",][^,]*?))\s*(?:,|$)/sy;

/**
 * Parts of a list in brackets, in which those in quotes may hold commas, or the one text in quotes;
 * null if it is neither.
 */
function bracketed(text: string, name: string, expected: string): string[] | null {
  const whole = quoted(text);
  if (whole !== null) return [whole];
  const match = BRACKETED.exec(text);
  if (match === null) return null;
  const inside = (match[1] ?? match[2]).trimEnd(), parts: string[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < inside.length) {
    const part = PART.exec(inside);
    if (part === null) throw refuse(name, expected, text);
    parts.push(part[3] ?? unquote(part[1] ?? part[2]));
  }
  if (parts.length === 0 || parts.includes("")) throw refuse(name, expected, text);
  return parts;
}

/** Parts of a list, separated by commas or in brackets; none may be empty. */
function split(text: string, name: string, expected: string): string[] {
  const parts = bracketed(text, name, expected) ?? text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw refuse(name, expected, text);
  return parts;
}

/** The text `a:b` for the Python pair `('a', b)`; any other as it is. */
function pair(text: string, name: string, expected: string): string {
  return bracketed(text, name, expected)?.join(":") ?? text.trim();
}

/** Ascending integers from numbers and ranges: `3`, `1-5`, `1,3-5`. 0 ≤ min ≤ max ≤ 10^6. */
export function intRanges<D extends readonly number[] | undefined = undefined>(
  spec: FlagSpec<D> & Required<Bounds>,
): Flag<readonly number[], D> {
  const expected = `numbers from ${spec.min} to ${spec.max} such as 3, 1-5 or 1,3-5`;
  const parse = (text: string, name: string) => {
    const found = new Set<number>();
    for (const part of split(text, name, expected)) {
      const range = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (!range) throw refuse(name, expected, text);
      const first = Number(range[1]), last = Number(range[2] ?? range[1]);
      if (first < spec.min || last > spec.max || first > last) throw refuse(name, expected, text);
      for (let value = first; value <= last; value++) found.add(value);
    }
    return [...found].sort((a, b) => a - b);
  };
  const format = (values: readonly number[]) => {
    const ranges: [number, number][] = [];
    for (const value of values) {
      const range = ranges.at(-1);
      if (range && value === range[1] + 1) range[1] = value;
      else ranges.push([value, value]);
    }
    return ranges.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(
      ",",
    );
  };
  return {
    ...declare<readonly number[], D>(spec, {
      kind: "intRanges",
      placeholder: "N,N-M,…",
      parse,
      format,
    }),
    min: spec.min,
    max: spec.max,
  };
}

/** A training length: `50000`, `iterations:50000` or `epochs:20`. */
export function length<D extends TrainingLength | undefined = undefined>(
  spec: FlagSpec<D>,
): Flag<TrainingLength, D> {
  return declare<TrainingLength, D>(spec, {
    kind: "length",
    placeholder: "N|epochs:N",
    parse: (text, name) => {
      const expected = "a length such as 50000, iterations:50000 or epochs:20";
      const match = /^(?:(iterations|epochs):)?(\d+)$/.exec(pair(text, name, expected));
      if (!match) throw refuse(name, expected, text);
      const count = parseInteger(match[2], name, 1, 1e9);
      return match[1] === "epochs" ? { epochs: count } : { iterations: count };
    },
    format: (value) => "epochs" in value ? `epochs:${value.epochs}` : `${value.iterations}`,
  });
}

/**
 * A point of a training, `iteration:500` or `epoch:2` (or `500`), or one of some words.
 *
 * @param words what else it may be: "final"
 */
export function point<const W extends string, D extends W | TrainingLength | undefined = undefined>(
  spec: FlagSpec<D> & { words: readonly W[] },
): Flag<W | TrainingLength, D> {
  return declare<W | TrainingLength, D>(spec, {
    kind: "length",
    placeholder: `0|iteration:K|epoch:K|${spec.words.join("|")}`,
    parse: (text, name) => {
      const expected = `${spec.words.join(", ")}, or a point such as 0, iteration:500 or epoch:2`;
      const word = spec.words.find((word) => word === text.trim());
      if (word !== undefined) return word;
      const match = /^(?:(iteration|epoch)s?:)?(\d+)$/.exec(pair(text, name, expected));
      if (!match) throw refuse(name, expected, text);
      const count = parseInteger(match[2], name, 0, 1e9);
      return match[1] === "epoch" ? { epochs: count } : { iterations: count };
    },
    format: (value) =>
      typeof value === "string"
        ? value
        : "epochs" in value
        ? `epoch:${value.epochs}`
        : value.iterations === 0
        ? "0"
        : `iteration:${value.iterations}`,
  });
}

/** Time between two checkpoints: `60` seconds or `iterations:500`. */
export function interval<D extends Interval | undefined = undefined>(
  spec: FlagSpec<D>,
): Flag<Interval, D> {
  return declare<Interval, D>(spec, {
    kind: "interval",
    placeholder: "S|iterations:N",
    parse: (text, name) => {
      const match = /^(?:(iterations|seconds):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
      if (!match) throw refuse(name, "seconds such as 60, or iterations:500", text);
      if (match[1] === "iterations") return { iterations: parseInteger(match[2], name, 1, 1e9) };
      return { seconds: Math.min(Number(match[2]), 1e6) };
    },
    format: (value) =>
      "iterations" in value ? `iterations:${value.iterations}` : `${value.seconds}`,
  });
}

/** Fractions from 0 to 1 by layer: `layer0=.2,layer1=.2`. */
export function percents<D extends NumbersByLayer | undefined = undefined>(
  spec: FlagSpec<D>,
): Flag<NumbersByLayer, D> {
  const expected = "layer=fraction pairs with fractions from 0 to 1, such as layer0=.2,layer1=.1";
  return declare<NumbersByLayer, D>(spec, {
    kind: "percents",
    placeholder: "LAYER=X,…",
    parse: (text, name) => {
      const values = new Map<string, number>();
      for (const part of split(text, name, expected)) {
        const match = /^([^=]*)=((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i.exec(part);
        if (!match || !SAFE_NAME.test(match[1]) || Number(match[2]) > 1) {
          throw refuse(name, expected, text);
        }
        if (values.has(match[1])) {
          throw new UsageError(`${name} names ${match[1]} twice; give it one fraction`);
        }
        values.set(match[1], Number(match[2]));
      }
      return Object.fromEntries(values);
    },
    format: (values) => Object.entries(values).map(([layer, x]) => `${layer}=${x}`).join(","),
  });
}

/** How the parts of a list are read. */
interface Parts<T> {
  kind: FlagKind;
  placeholder: string;
  /** Completes "--flag expects". */
  expected: string;
  /** The value of a part; null where it has none. May throw a UsageError that says more. */
  read(part: string, name: string): T | null;
}

/** A list of values separated by commas or in brackets, as a flag. */
export function listOf<T, D extends readonly T[] | undefined = undefined>(
  spec: FlagSpec<D>,
  { kind, placeholder, expected, read }: Parts<T>,
): Flag<readonly T[], D> {
  return declare<readonly T[], D>(spec, {
    kind,
    placeholder,
    parse: (text, name) =>
      split(text, name, expected).map((part) => {
        const value = read(part, name);
        if (value === null) throw refuse(name, expected, part);
        return value;
      }),
    format: (values) => values.join(","),
  });
}

/** Ascending integers in the bounds: `500,750`. */
export function integers<D extends readonly number[] | undefined = undefined>(
  spec: FlagSpec<D> & Required<Bounds>,
): Flag<readonly number[], D> {
  const expected = `ascending integers from ${spec.min} such as 500,750`;
  const flag = listOf<number, D>(spec, {
    kind: "list",
    placeholder: "N,N,…",
    expected,
    read: (part, name) => parseInteger(part, name, spec.min, spec.max),
  });
  return {
    ...flag,
    parse: (text, name) => {
      const values = flag.parse(text, name);
      if (values.some((value, i) => i > 0 && value <= values[i - 1])) {
        throw refuse(name, expected, text);
      }
      return values;
    },
  };
}

/** Numbers in the bounds, separated by commas: `100,51.3,21.1`. */
export function numbers<D extends readonly number[] | undefined = undefined>(
  spec: FlagSpec<D> & Required<Bounds>,
): Flag<readonly number[], D> {
  const { min, max } = spec;
  const flag = listOf<number, D>(spec, {
    kind: "list",
    placeholder: "X,X,…",
    expected: `numbers from ${min} to ${max} such as ${max},${min}`,
    read: (part) => {
      const value = decimal(part);
      return value >= min && value <= max ? value : null;
    },
  });
  return { ...flag, min, max };
}

/**
 * Texts separated by commas: `results/a,results/b`. A text with a comma in it stands in quotes and
 * brackets, `['a,b','c']`, or the flag is given more than once, each time with one text.
 */
export function list<D extends readonly string[] | undefined = undefined>(
  spec: FlagSpec<D>,
): Flag<readonly string[], D> {
  const expected = "a list such as A,B";
  const parse = (text: string, name: string) => split(text, name, expected);
  return {
    ...declare<readonly string[], D>(spec, {
      kind: "list",
      placeholder: "A,B,…",
      parse,
      format: (values) => {
        const joined = values.join(",");
        const isPlain = joined !== NONE && quoted(joined) === null && !/^\s*[[(]/.test(joined) &&
          values.every((value) => !value.includes(",") && value.trim() === value);
        return isPlain ? joined : `[${values.map(quoteLiterally).join(",")}]`;
      },
    }),
    parseAll: (texts, name) =>
      texts.length === 1 ? parse(texts[0], name) : texts.flatMap((text) => {
        if (text.trim() === "") throw refuse(name, expected, text);
        return bracketed(text, name, expected) ?? [text];
      }),
  };
}

/** Some of a few words, separated by commas: `reinit,reuse`. */
export function words<const W extends string, D extends readonly W[] | undefined = undefined>(
  spec: FlagSpec<D> & { words: readonly W[] },
): Flag<readonly W[], D> {
  const expected = `a list of ${spec.words.join(", ")}`;
  const flag = listOf<W, D>(spec, {
    kind: "list",
    placeholder: "A,B,…",
    expected,
    read: (part, name) => {
      const word = spec.words.find((word) => word === part);
      if (word !== undefined) return word;
      throw new UsageError(
        `${name} expects ${expected}, not ${quote(part)}; the nearest is ` +
          nearest(part, spec.words),
      );
    },
  });
  return {
    ...flag,
    parse: (text, name) => [...new Set(flag.parse(text, name))],
    choices: spec.words,
  };
}
