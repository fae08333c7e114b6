/// <reference lib="dom" />
/** Folds in the hand what stands open on a desk; paper has all of it. */

import { byId } from "./dom.ts";

const FOLDED = ["more", "data"];

/** Opens or folds what can be folded, once: then it is the reader's. */
export function setFolds(): void {
  const isWide = matchMedia("(min-width: 44rem)").matches;
  const folds = FOLDED.map((id) => byId<HTMLDetailsElement>(id));
  for (const fold of folds) fold.open = isWide;
  addEventListener("beforeprint", () => {
    for (const fold of folds) fold.open = true;
  });
}
