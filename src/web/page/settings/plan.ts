/** Describes in a few sentences what valid settings would run. */

import { DATASETS } from "../../../datasets/datasets.ts";
import type { HiddenLayer } from "../../../models/hidden_layers.ts";
import type { ValidSettings } from "./settings_form.ts";
import { CHOICES } from "./setting_words.ts";

const count = (n: number, noun: string) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** "Synthetic digits (built in), 300 and 100 hidden units. 7 prunings, …" */
export function planText(
  { values, protocol }: ValidSettings,
  { hasMnist, hasCifar }: { hasMnist: boolean; hasCifar: boolean },
): string {
  const { levels, trainingLength, trials } = protocol;
  const length = "iterations" in trainingLength
    ? count(trainingLength.iterations, "iteration")
    : count(trainingLength.epochs, "epoch");
  const control = values.control && levels > 0 ? ", then the control of the last ticket" : "";
  const repeats = trials.length > 1 ? ` ${count(trials.length, "trial")}.` : "";
  const { dataset } = values;
  const isOfPhotos = dataset === "auto" && protocol.dataset === "cifar-10";
  const lacks = dataset === "mnist" && !hasMnist
    ? " MNIST is not here yet: download it below, or drop its files on this page."
    : isOfPhotos && !hasCifar
    ? " CIFAR-10 is not here yet: drop its files on this page, or choose digits as the dataset."
    : "";
  const data = isOfPhotos ? DATASETS["cifar-10"].label : CHOICES[dataset];
  return `${data[0].toUpperCase()}${data.slice(1)}, ${networkText(protocol.layers)}. ` +
    `${count(levels, "pruning")}, ${length} of training each${control}.${repeats}${lacks}`;
}

/** "300 and 100 hidden units", "2 convolutions". */
function networkText(hidden: readonly HiddenLayer[]): string {
  const widths = hidden.filter((layer) => typeof layer === "number");
  if (widths.length === hidden.length) return `${widths.join(" and ")} hidden units`;
  const filters = hidden.filter((layer) => typeof layer !== "number" && layer.kind === "conv2d");
  return count(filters.length, "convolution");
}
