/// <reference lib="dom" />
/** Tries another cut than the experiment's in the drawing: a slider, and what would be left. */

import { fractionText } from "../../../analysis/percent.ts";
import { el } from "../dom.ts";
import { cutOf, type TriedCut, triedCut } from "./scene.ts";
import type { Step } from "./story.ts";

/** More than this share of a layer is not cut at once. */
const MOST = 0.98;

/** The slider, which is there at cuts by size alone. */
export class CutTrial {
  readonly #slider = el("input", {
    ...{ type: "range", min: 0, max: MOST, step: 0.01, id: "cut-share", class: "net-slider" },
  });
  readonly #output = el("output", { for: "cut-share" });
  readonly element = el(
    "div",
    { class: "net-trial" },
    el("label", { for: "cut-share" }, "Try another cut"),
    this.#slider,
    this.#output,
  );
  #tried: number | null = null;

  /** @param onTry the drawing is to show another cut */
  constructor(onTry: () => void) {
    this.#slider.addEventListener("input", () => {
      this.#tried = Number(this.#slider.value);
      onTry();
    });
    this.element.hidden = true;
  }

  /** Goes back to the experiment's own cut. */
  reset(): void {
    this.#tried = null;
  }

  /** What is tried at a step; null: nothing. Shows the slider where something may be. */
  at(step: Step, first: number): TriedCut | null {
    const cut = step.kind === "cut" ? cutOf(step, first) : null;
    this.element.hidden = cut === null;
    if (cut === null) {
      this.#tried = null;
      return null;
    }
    const share = this.#tried ?? cut.share;
    const tried = this.#tried === null ? null : triedCut(step, share, first);
    this.#slider.value = `${share}`;
    const left = Math.round((1 - share) * cut.live).toLocaleString("en");
    const text = this.#tried === null
      ? `${fractionText(share, 0)}, as in this experiment`
      : `${fractionText(share, 0)}: ${left} of ${
        cut.live.toLocaleString("en")
      } weights from the input would stay`;
    if (this.#output.textContent !== text) this.#output.textContent = text;
    this.#slider.setAttribute("aria-valuetext", text);
    return tried;
  }
}
