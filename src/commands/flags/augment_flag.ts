/** The kind of `--augment`. */

import { type AugmentName, AUGMENTS } from "../../engine/examples/augment.ts";
import { UsageError } from "../../errors.ts";
import { type Flag, nearest, quote } from "../../flags/flags.ts";
import type { FlagSpec } from "../../flags/kinds.ts";
import { listOf } from "../../flags/lists.ts";

/** Leaves images as they are, where a protocol or a run says otherwise. */
const OFF = "none";

/** Augmentations in any order, `crop,flip`, read in their own; or none of them. */
export function augment(spec: FlagSpec<undefined>): Flag<readonly AugmentName[], undefined> {
  const expected = `a list of ${AUGMENTS.join(", ")}, or ${OFF}`;
  const flag = listOf<AugmentName, undefined>(spec, {
    kind: "list",
    placeholder: "A,B",
    expected,
    read: (part, name) => {
      const word = AUGMENTS.find((word) => word === part);
      if (word !== undefined) return word;
      throw new UsageError(
        `${name} expects ${expected}, not ${quote(part)}; the nearest is ` +
          nearest(part, [...AUGMENTS, OFF]),
      );
    },
  });
  return {
    ...flag,
    parse: (text, name) => {
      if (text.trim() === OFF) return [];
      const words = flag.parse(text, name);
      const twice = words.find((word, i) => words.indexOf(word) < i);
      if (twice !== undefined) throw new UsageError(`${name} names ${twice} twice; name it once`);
      return AUGMENTS.filter((word) => words.includes(word));
    },
    format: (words) => words.length === 0 ? OFF : words.join(","),
    choices: [...AUGMENTS, OFF],
  };
}
