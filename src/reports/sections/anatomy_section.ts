/** The anatomy of tickets: layers, pixels, weights, and how far two tickets agree. */

import type { Figure, Section } from "./section.ts";
import {
  degreeSpec,
  knowsNeurons,
  layerDensitySpec,
  movementSpec,
  overlapSpec,
} from "../../figures/layer_figures.ts";
import { layerTable, overlapTable } from "../../analysis/study_tables.ts";
import { pixelMapSpec, weightSpec } from "../../figures/weight_figures.ts";
import { readAnatomy } from "../study_arrays.ts";

/** Maps of pixels that are shown. */
const MAX_MAPS = 8;

/** Where the distributions of weights are shown, in percent of the weights. */
const WEIGHTS_PERCENT = 21.1;

/** The anatomy of the tickets, as figures and as tables. */
export const anatomySection: Section = async (source) => {
  const anatomy = await readAnatomy(source, WEIGHTS_PERCENT);
  return {
    figures: anatomyFigures(anatomy, source.study.settings.dataset.shape, source.means),
    tables: [layerTable(anatomy.layers), overlapTable(anatomy.overlaps)],
  };
};

function anatomyFigures(
  { layers, overlaps, pixels, weights, weightsPercent }: Awaited<ReturnType<typeof readAnatomy>>,
  [, width]: readonly number[],
  subtitle: string,
): Figure[] {
  const figures: Figure[] = [];
  if (pixels.length > 1) {
    const last = pixels.length - 1, maps = Math.min(MAX_MAPS, pixels.length);
    const shown = Array.from(
      { length: maps },
      (_, i) => pixels[Math.round(i * last / (maps - 1))],
    );
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
  if (layers.length > 0) {
    const isOfNeurons = layers.some(knowsNeurons);
    figures.push(
      {
        name: "layers",
        title: "What is left of each layer",
        caption: isOfNeurons
          ? "Neurons without a live input give their bias alone, those without a live output " +
            "nothing; the effective density of the tables leaves both out (Vysogorets & Kempe 2023)."
          : "Live weights of each layer, in percent of its weights.",
        spec: layerDensitySpec(layers, { title: "What is left of each layer", subtitle }),
      },
      ...(isOfNeurons
        ? [{
          name: "degrees",
          title: "Live weights of a neuron",
          caption: "In- and out-degrees by layer. Layer 0's inputs are pixels.",
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
        "same densities at random places would have (dashed). Tickets of other trials have other " +
        "initial weights.",
      spec: overlapSpec(overlaps, {
        title: "Do tickets agree on which weights to keep?",
        subtitle,
      }),
    });
  }
  return figures;
}
