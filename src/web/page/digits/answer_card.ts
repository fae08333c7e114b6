/// <reference lib="dom" />
/** One network's answer to an image: what it takes it for, and the probability of each class. */

import { probabilityText } from "../../../analysis/percent.ts";
import { el } from "../dom.ts";

/** A card for one network. */
export class AnswerCard {
  readonly element: HTMLElement;
  readonly #note = el("p", { class: "note" });
  readonly #says = el("p", { class: "says", "aria-live": "polite" });
  readonly #bars = el("ol", { class: "bars" });

  /** @param kind the network's, for its colour */
  constructor(heading: string, kind: string) {
    this.element = el(
      "section",
      { class: `answer answer-${kind}` },
      el("h3", {}, heading),
      this.#note,
      this.#says,
      this.#bars,
    );
  }

  /** Says what the network is; `isThere`: whether there is one to ask. */
  describe(note: string, isThere: boolean): void {
    this.#note.textContent = note;
    this.element.classList.toggle("is-missing", !isThere);
  }

  /** Shows probabilities by class; null while there is nothing to answer. */
  show(probabilities: readonly number[] | null, names: readonly string[]): void {
    const values = probabilities ?? names.map(() => 0);
    const best = values.indexOf(Math.max(...values));
    this.#says.replaceChildren(
      ...(probabilities
        ? [`${names[best]} `, el("small", {}, `with ${probabilityText(values[best])}`)]
        : [el("small", {}, "waiting for a picture")]),
    );
    this.#bars.replaceChildren(...values.map((value, i) =>
      el(
        "li",
        { class: probabilities && i === best ? "best" : "" },
        el("span", {}, names[i]),
        el("meter", { min: 0, max: 1, value, "aria-label": `Probability of ${names[i]}` }),
        el("span", {}, probabilities ? probabilityText(value) : ""),
      )
    ));
  }
}
