/** The anatomy of tickets: layers, pixels, weights, and how far two tickets agree. */

import type { Figure, Section } from "./section.ts";
import {
  degreeSpec,
  knowsNeurons,
  layerDensitySpec,
  movementSpec,
  overlapSpec,
  unusedOf,
} from "../../figures/layer_figures.ts";
import { filterSpec, hasDeadFilters, kernelMapSpec } from "../../figures/kernel_figures.ts";
import { kernelTable, layerTable, overlapTable } from "../../analysis/study_tables.ts";
import { pixelMapSpec, weightSpec } from "../../figures/weight_figures.ts";
import type { LayerRow } from "../../analysis/ticket_anatomy.ts";
import { readAnatomy } from "../study_arrays.ts";

/** Maps of pixels that are shown. */
const MAX_MAPS = 8;

/** Maps of each kernel that are shown. */
const MAX_KERNEL_MAPS = 4;

/** Where the distributions of weights are shown, in percent of the weights. */
const WEIGHTS_PERCENT = 21.1;

/** The anatomy of the tickets, as figures and as tables. */
export const anatomySection: Section = async (source) => {
  const anatomy = await readAnatomy(source, WEIGHTS_PERCENT);
  return {
    figures: anatomyFigures(anatomy, source.study.settings.dataset.shape, source.means),
    tables: [
      layerTable(anatomy.layers),
      ...(anatomy.kernels.length > 0 ? [kernelTable(anatomy.kernels)] : []),
      overlapTable(anatomy.overlaps),
    ],
  };
};

function anatomyFigures(
  { layers, kernels, overlaps, pixels, weights, weightsPercent }: Awaited<
    ReturnType<typeof readAnatomy>
  >,
  [, width]: readonly number[],
  subtitle: string,
): Figure[] {
  const figures: Figure[] = [];
  if (pixels.length > 1) {
    const shown = spreadOver(pixels, MAX_MAPS);
    figures.push({
      name: "pixels",
      title: "Where tickets look",
      caption:
        "Live weights of each input pixel, in percent of the first layer's units, level by " +
        "level. Weights " +
        "of pixels that are the same in every image do not matter: are they pruned first?",
      spec: pixelMapSpec(shown, width, { title: "Where tickets look", subtitle }),
    });
  }
  const levels = [...new Set(kernels.map(({ level }) => level))].filter((level) => level > 0);
  if (levels.length > 0) {
    figures.push(
      {
        name: "kernels",
        title: "Where kernels keep their weights",
        caption:
          "Each map is a convolution's kernel, a cell for each of its positions: the number is " +
          "the share of weights there that is live, in percent, over all channels and filters. " +
          "Colours compare it with the map's mean. All positions alike say that pruning did not " +
          "care where in the window a weight is.",
        spec: kernelMapSpec(kernels, spreadOver(levels, MAX_KERNEL_MAPS), {
          title: "Where kernels keep their weights",
          subtitle,
        }),
      },
      {
        name: "filters",
        title: "Filters and channels",
        caption: (hasDeadFilters(kernels)
          ? "A filter without a live weight gives its bias alone, whatever it sees: it could be " +
            "cut out of the network. "
          : "No filter has lost all its weights. ") +
          "Bands are from the least to the greatest of a layer's filters and input channels; the " +
          "table's files have the counts of each.",
        spec: filterSpec(kernels, { title: "Filters and channels", subtitle }),
      },
    );
  }
  if (layers.length > 0) {
    const isOfNeurons = layers.some(knowsNeurons);
    figures.push(
      {
        name: "layers",
        title: "What is left of each layer",
        caption: layerCaption(layers, isOfNeurons),
        spec: layerDensitySpec(layers, { title: "What is left of each layer", subtitle }),
      },
      ...(isOfNeurons
        ? [{
          name: "degrees",
          title: "Live weights of a neuron",
          caption: "In- and out-degrees by layer; bands: from the 5% to the 95% quantile of the " +
            "neurons. The inputs of layer0 are pixels.",
          spec: degreeSpec(layers, {
            title: "Live weights of a neuron",
            subtitle: `${subtitle}; bands: from the 5% to the 95% quantile of the neurons`,
          }),
        }]
        : []),
      {
        name: "movement",
        title: "How far weights move",
        caption:
          "Live weights between initialization and the end of training. Weights that keep their " +
          "sign are why the sign of the initialization matters (Zhou et al. 2019).",
        spec: movementSpec(layers, { title: "How far weights move in training", subtitle }),
      },
    );
  }
  if (weights.length > 0) {
    const at = `${weightsPercent!.toPrecision(3)}%`;
    figures.push({
      name: "weights",
      title: "Which weights survive",
      caption:
        `Weights of the full network, by whether the ticket of ${at} still has them, and the ` +
        "ticket's own. Do survivors begin large more often than others? 1 in 1,000 weights lies " +
        "outside of the axes.",
      spec: weightSpec(weights, {
        title: `Which weights survive, at ${at} of the weights`,
        subtitle: "All trials together",
      }),
    });
  }
  if (overlaps.length > 0) {
    figures.push({
      name: "overlap",
      title: "Do tickets agree?",
      caption:
        "Weights live in both of two masks, of those live in one of them, and what masks of the " +
        "same densities at random places would have (dashed)." +
        (overlaps.some(({ between }) => between === "trials")
          ? " Tickets of other trials have other initial weights."
          : ""),
      spec: overlapSpec(overlaps, {
        title: "Do tickets agree on which weights to keep?",
        subtitle,
      }),
    });
  }
  return figures;
}

function layerCaption(layers: readonly LayerRow[], isOfNeurons: boolean): string {
  const density = "Live weights of each layer, in percent of its weights.";
  if (!isOfNeurons) return density;
  const { neurons, inputs } = unusedOf(layers);
  return [
    density,
    neurons
      ? "Neurons without a live input give their bias alone, those without a live output " +
        "nothing; the effective density of the tables leaves both out (Vysogorets & Kempe 2023)."
      : "Every neuron has live inputs and outputs.",
    inputs ? "" : "Every input is read.",
  ].filter((line) => line !== "").join(" ");
}

/** At most so many of some items, from the first to the last at equal steps. */
function spreadOver<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  const last = items.length - 1;
  return Array.from({ length: most }, (_, i) => items[Math.round(i * last / (most - 1))]);
}
