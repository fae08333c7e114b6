/// <reference lib="dom" />
/**
 * Explains the steps in plain words: train, prune, rewind, and the control, each with a drawing of
 * a small network. Shows which of them is going on.
 */

import { el, svg } from "./dom.ts";

/** A step of a lottery experiment. */
export type Step = "train" | "prune" | "rewind" | "control";

const WORDS: Record<Step, { title: string; aside: string; text: string }> = {
  train: {
    title: "Train",
    aside: "the network learns",
    text:
      "It starts with random weights and sees digits, a handful at a time. After each handful " +
      "every weight moves a little, so that the answers get better.",
  },
  prune: {
    title: "Prune",
    aside: "weak weights go",
    text: "Most weights stay close to zero and hardly matter. The smallest fifth of each hidden " +
      "layer is cut. What is cut stays cut.",
  },
  rewind: {
    title: "Rewind",
    aside: "the rest goes back",
    text: "The weights that are left return to the random values that they began with. All that " +
      "they learned is forgotten. Then training begins again, with fewer weights.",
  },
  control: {
    title: "Compare",
    aside: "against chance",
    text:
      "At the end the smallest network gets new random weights and is trained too. Does it learn " +
      "worse than the ticket? Then the starting values mattered, not the shape alone.",
  },
};

/** Layers of the network in the drawings: units, and their distance from the left. */
const LAYERS = [{ units: 5, x: 14 }, { units: 4, x: 104 }, { units: 3, x: 194 }];
const HEIGHT = 104;

const unitY = (units: number, i: number) => HEIGHT / 2 + (i - (units - 1) / 2) * 22;

/** Numbers from 0 to 1 that look random and are the same in every drawing (a Weyl sequence). */
const weight = (i: number, salt: number) => (0.31 + (i + 1) * 0.6180339887 + salt * 0.413) % 1;

/** The small network at a step: connections as strong as their weights, cut ones dashed. */
function drawing(step: Step): SVGSVGElement {
  const lines: SVGElement[] = [], units: SVGElement[] = [];
  let i = 0;
  for (const [l, layer] of LAYERS.slice(0, -1).entries()) {
    const next = LAYERS[l + 1];
    for (let from = 0; from < layer.units; from++) {
      for (let to = 0; to < next.units; to++, i++) {
        const learned = weight(i, 0), isCut = learned < 0.42;
        if (isCut && (step === "rewind" || step === "control")) continue;
        const strength = step === "train" || step === "prune"
          ? learned
          : weight(i, step === "rewind" ? 1 : 2);
        lines.push(svg("line", {
          class: isCut && step === "prune"
            ? "cut"
            : step === "control"
            ? "fresh"
            : step === "rewind"
            ? "initial"
            : "learned",
          x1: layer.x,
          y1: unitY(layer.units, from),
          x2: next.x,
          y2: unitY(next.units, to),
          "stroke-width": isCut && step === "prune" ? 1.25 : (0.4 + 2.8 * strength ** 2).toFixed(2),
        }));
      }
    }
  }
  for (const { units: n, x } of LAYERS) {
    for (let u = 0; u < n; u++) units.push(svg("circle", { cx: x, cy: unitY(n, u), r: 5.5 }));
  }
  return svg(
    "svg",
    { viewBox: `0 0 208 ${HEIGHT}`, "aria-hidden": "true" },
    ...lines,
    ...units,
  );
}

/** Fills the list of steps; returns the function that shows the current one, or none. */
export function showSteps(list: HTMLElement): (current: Step | null) => void {
  const items = new Map<Step, HTMLElement>();
  for (const step of Object.keys(WORDS) as Step[]) {
    const { title, aside, text } = WORDS[step];
    items.set(
      step,
      el(
        "li",
        { class: `step step-${step}` },
        drawing(step),
        el("h3", {}, title, el("span", {}, aside)),
        el("p", {}, text),
      ),
    );
  }
  list.replaceChildren(...items.values());
  return (current) => {
    for (const [step, item] of items) {
      if (step === current) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
  };
}
