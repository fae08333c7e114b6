/**
 * The kinds of flags with one value. Each function returns a declaration for `flags.ts`, from a
 * flag's help, default and limits.
 */
import { UsageError } from "../errors.ts";
import { type Flag, type FlagKind, quote } from "./flags.ts";
import { LEAST_FLOAT } from "../float32.ts";

/** Common to all declarations. Without a default, a flag that is not given is undefined. */
export interface FlagSpec<D> {
  help: string;
  default?: D;
  /** Instead of the formatted default, where the default is found at run time. */
  defaultText?: string;
  placeholder?: string;
  group?: string;
  alias?: string;
}

/** Bounds of a number, inclusive. */
export interface Bounds {
  min?: number;
  max?: number;
}

/** How the values of one kind are read and written. */
export interface Notation<T> {
  kind: FlagKind;
  placeholder: string;
  parse(text: string, name: string): T;
  format(value: T): string;
}

/** A declaration from what it means and how it is written. */
export function declare<T, D extends T | undefined>(
  spec: FlagSpec<D>,
  notation: Notation<T>,
): Flag<T, D> {
  const shown = spec.default === undefined ? "" : notation.format(spec.default as T);
  return {
    kind: notation.kind,
    ...(spec.alias && { alias: spec.alias }),
    help: spec.help,
    placeholder: spec.placeholder ?? notation.placeholder,
    default: spec.default as D,
    defaultText: spec.defaultText ?? shown,
    group: spec.group ?? "Flags",
    parse: (text, name) => notation.parse(text, name),
    format: (value) => notation.format(value),
  };
}

/** The error of a value that its flag cannot take. */
export function refuse(name: string, expected: string, text: string): UsageError {
  return new UsageError(`${name} expects ${expected}, not ${quote(text)}`);
}

/** The number that a decimal text means, or NaN: unlike `Number`, no "", no hexadecimal. */
export function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN;
}

/** "an integer from 1 to 10"; limits that no one meets are not worth saying. */
export function between(noun: string, min: number, max: number): string {
  if (max >= Number.MAX_SAFE_INTEGER) return min === -Infinity ? noun : `${noun}, at least ${min}`;
  return min === -Infinity ? `${noun}, at most ${max}` : `${noun} from ${min} to ${max}`;
}

/** The integer from `min` to `max` that a text means. */
export function parseInteger(text: string, name: string, min: number, max: number): number {
  const value = decimal(text);
  // Adding 0 turns -0 into 0.
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value + 0;
  throw refuse(name, between("an integer", min, max), text);
}

/** Any text but the empty one; `check` may throw a `UsageError` about it. */
export function string<D extends string | undefined = undefined>(
  spec: FlagSpec<D> & { check?: (text: string, name: string) => void },
): Flag<string, D> {
  return declare<string, D>(spec, {
    kind: "string",
    placeholder: "TEXT",
    parse: (text, name) => {
      if (text === "") throw refuse(name, "a text", text);
      spec.check?.(text, name);
      return text;
    },
    format: (value) => value,
  });
}

/** A file or folder, relative to the working folder or absolute. */
export function path<D extends string | undefined = undefined>(
  spec: FlagSpec<D>,
): Flag<string, D> {
  return declare<string, D>(spec, {
    kind: "path",
    placeholder: "PATH",
    parse: (text, name) => {
      if (text === "" || text.includes("\0")) throw refuse(name, "a path", text);
      return text;
    },
    format: (value) => value,
  });
}

/** An integer in the bounds, at most 2^53 - 1 either side of 0. */
export function integer<D extends number | undefined = undefined>(
  spec: FlagSpec<D> & Bounds,
): Flag<number, D> {
  const { min = -Infinity, max = Number.MAX_SAFE_INTEGER } = spec;
  return {
    ...declare<number, D>(spec, {
      kind: "integer",
      placeholder: "N",
      parse: (text, name) => parseInteger(text, name, min, max),
      format: String,
    }),
    min,
    max,
  };
}

/** The values of a flag, or "auto", which is the default. */
export function orAuto<T>(flag: Flag<T, undefined>): Flag<T | "auto", "auto"> {
  return {
    ...flag,
    kind: "orAuto",
    placeholder: `${flag.placeholder}|auto`,
    default: "auto",
    defaultText: flag.defaultText || "auto",
    parse: (text, name) => {
      if (text === "auto") return "auto";
      if (!Number.isNaN(decimal(text))) return flag.parse(text, name);
      const { min = -Infinity, max = Infinity } = flag;
      throw refuse(name, `"auto" or ${between("an integer", min, max)}`, text);
    },
    format: (value) => value === "auto" ? "auto" : flag.format(value as T),
  };
}

/**
 * A finite number in the bounds; `above` and `below` are bounds that are not themselves allowed.
 *
 * @param spec.isFloat it goes to the GPU, so that it must be in the bounds as a 32-bit float too
 */
export function number<D extends number | undefined = undefined>(
  spec: FlagSpec<D> & Bounds & { above?: number; below?: number; isFloat?: boolean },
): Flag<number, D> {
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = spec;
  const limits = [
    ...(min > -Infinity ? [`at least ${min}`] : []),
    ...(above > -Infinity ? [`greater than ${above}`] : []),
    ...(max < Infinity ? [`at most ${max}`] : []),
    ...(below < Infinity ? [`less than ${below}`] : []),
  ];
  const expected = limits.length === 0 ? "a number" : `a number ${limits.join(" and ")}`;
  return {
    ...declare<number, D>(spec, {
      kind: "number",
      placeholder: "X",
      parse: (text, name) => {
        const value = decimal(text);
        const inside = value >= min && value <= max && value > above && value < below;
        if (!inside || !Number.isFinite(value)) throw refuse(name, expected, text);
        const float = Math.abs(value) < LEAST_FLOAT ? 0 : Math.fround(value);
        if (spec.isFloat && value !== 0 && !(float !== 0 && float < below)) {
          throw new UsageError(
            `${name} ${quote(text)} is ${float} as a 32-bit float, which the GPU computes with; ` +
              `give ${
                float === 0 ? `at least ${LEAST_FLOAT.toExponential(1)}` : "a smaller number"
              }`,
          );
        }
        return value + 0;
      },
      format: String,
    }),
    min: Math.max(min, above),
    max: Math.min(max, below),
  };
}

/** One of a few words. */
export function choice<const C extends string, D extends C | undefined = undefined>(
  spec: FlagSpec<D> & { choices: readonly C[] },
): Flag<C, D> {
  return {
    ...declare<C, D>(spec, {
      kind: "choice",
      placeholder: spec.choices.join("|"),
      parse: (text, name) => {
        const found = spec.choices.find((word) => word === text);
        if (found === undefined) throw refuse(name, `one of ${spec.choices.join(", ")}`, text);
        return found;
      },
      format: (value) => value,
    }),
    choices: spec.choices,
  };
}

/** On or off: `--name` and `--no-name`; off unless its default says otherwise. */
export function boolean(spec: FlagSpec<boolean>): Flag<boolean, boolean> {
  return {
    ...declare<boolean, boolean>({ default: false, ...spec }, {
      kind: "boolean",
      placeholder: "",
      parse: (text, name) => {
        if (text !== "true" && text !== "false") throw refuse(name, "true or false", text);
        return text === "true";
      },
      format: String,
    }),
    defaultText: "",
  };
}
