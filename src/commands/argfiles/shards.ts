/** Divides the lines of an argfile among processes that know nothing of each other. */

import { decimal, declare, type FlagSpec, refuse } from "../../flags/kinds.ts";
import type { Flag } from "../../flags/flags.ts";
import { type ArgfileLine, joinLine } from "../../flags/shell_words.ts";

/** One of several parts. */
export interface Shard {
  /** From 1. */
  index: number;
  count: number;
}

/** More parts than a cluster has GPUs. */
export const MOST_SHARDS = 100_000;

/** A part, such as 3/16. */
export function shard(spec: FlagSpec<undefined>): Flag<Shard, undefined> {
  return declare<Shard, undefined>(spec, {
    kind: "string",
    placeholder: "K/N",
    parse: (text, name) => {
      const [index, count, ...more] = text.split("/").map(decimal);
      const isPart = Number.isSafeInteger(index) && Number.isSafeInteger(count) &&
        more.length === 0 && 1 <= index && index <= count && count <= MOST_SHARDS;
      if (isPart) return { index, count };
      throw refuse(name, `a part of N, from 1/N to N/N with N at most ${MOST_SHARDS}`, text);
    },
    format: ({ index, count }) => `${index}/${count}`,
  });
}

/**
 * The lines of a part, in their order. Every line is in one part, whatever the order of the file;
 * parts differ by at most one distinct line. Sorted lines are dealt like cards, so each part gets
 * its share of every trial and level. Equal lines share a part, where the second is refused.
 */
export function linesOf(lines: readonly ArgfileLine[], { index, count }: Shard): ArgfileLine[] {
  const texts = [...new Set(lines.map(textOf))].sort();
  const mine = new Set(texts.filter((_, i) => i % count === index - 1));
  return lines.filter((line) => mine.has(textOf(line)));
}

/** The same for lines that are quoted differently. */
function textOf({ args }: ArgfileLine): string {
  return joinLine(args);
}
