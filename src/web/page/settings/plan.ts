/** Describes in a sentence what valid settings would run. */

import type { ValidSettings } from "./settings_form.ts";
import { CHOICES } from "./setting_words.ts";

const count = (n: number, noun: string) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** "Built-in digits, nothing to download. 7 prunings, 300 iterations each. Seed 0." */
export function planText({ values, protocol }: ValidSettings, hasMnist: boolean): string {
  const { levels, trainingLength, trials } = protocol;
  const length = "iterations" in trainingLength
    ? count(trainingLength.iterations, "iteration")
    : count(trainingLength.epochs, "epoch");
  const control = values.control && levels > 0
    ? ", then the reinitialized control of the last ticket"
    : "";
  const lacks = values.dataset === "mnist" && !hasMnist
    ? " MNIST is not here yet: download it below, or drop its files on this page."
    : "";
  return `${CHOICES[values.dataset]}. ${count(levels, "pruning")}, ${length} of training each` +
    `${control}. ${count(trials.length, "trial")}, seed ${values.seed}.${lacks}`;
}
