/** The text of `--help`, from the declarations of flags. */

import { type Flag, flagName, type FlagSet } from "./flags.ts";

const HELP_COLUMN = 32;

const HELP_WIDTH = 100;

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

/** A flag and its choices, broken between them where they are too many for a line. */
function wrapChoices(left: string): string[] {
  const end = left.length <= HELP_WIDTH ? 0 : left.lastIndexOf("|", HELP_WIDTH - 1) + 1;
  return end === 0 ? [left] : [left.slice(0, end), ...wrapChoices(`      ${left.slice(end)}`)];
}

function helpEntry(key: string, flag: Flag): string[] {
  // A boolean that is on is turned off, so that is the spelling worth showing.
  const name = flag.default === true ? flagName(key).replace("--", "--no-") : flagName(key);
  const left = `  ${`${name} ${flag.placeholder}`.trimEnd()}`;
  const also = flag.alias ? `; ${flagName(flag.alias)} is the same` : "";
  const note = flag.defaultText === "" ? "" : ` (default: ${flag.defaultText})`;
  const right = wrap(flag.help + also + note, HELP_WIDTH - HELP_COLUMN);
  const indent = " ".repeat(HELP_COLUMN);
  return left.length < HELP_COLUMN - 1
    ? [left.padEnd(HELP_COLUMN) + right[0], ...right.slice(1).map((line) => indent + line)]
    : [...wrapChoices(left), ...right.map((line) => indent + line)];
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
