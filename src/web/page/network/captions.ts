/// <reference lib="dom" />
/** What stands around the drawing: whose network it is, where it is, and the step in words. */

import { percentText } from "../../../analysis/percent.ts";
import { el } from "../dom.ts";
import type { Step } from "./story.ts";
import type { StepWords } from "./words.ts";

const TIMES = ["", "once", "twice"];

/** "Level 2, cut twice". */
function levelWords(level: number): string {
  return level === 0 ? "Full network" : `Level ${level}, cut ${TIMES[level] ?? `${level} times`}`;
}

/** The words of the drawing. */
export class Captions {
  readonly #origin = el("p", { class: "net-origin" });
  readonly #status = el("p", { class: "net-status" });
  readonly #title = el("h3", { class: "net-title" });
  readonly #text = el("p", { class: "net-text" });
  readonly #surprise = el("p", { class: "net-surprise" });
  readonly #scores = el("div", { class: "net-scores" });
  /** Whose network it is, and where the drawing is. */
  readonly what = el("div", { class: "net-what" }, this.#origin, this.#status);
  /** The step. */
  readonly words = el(
    "div",
    { class: "net-words" },
    this.#title,
    this.#text,
    el("div", { class: "net-readout" }, this.#scores, this.#surprise),
  );

  /** Says whose network it is. */
  showOrigin(origin: string): void {
    this.#origin.textContent = origin;
  }

  /** Says what a step shows, at an iteration of its training. */
  show({ kind, level, run, control }: Step, iteration: number, words: StepWords): void {
    setText(this.#title, words.title);
    setText(this.#text, words.text);
    setText(this.#surprise, words.surprise);
    this.#surprise.hidden = words.surprise === "";
    this.#showScores(words.scores);
    const at = Math.round(iteration).toLocaleString("en");
    const time = kind === "train" || kind === "compare"
      ? `iteration ${at} of ${run.iterations?.toLocaleString("en") ?? "…"}`
      : `${percentText(run.weights.percent, 1)} of the weights`;
    setText(this.#status, `${control ? "Control of level " + level : levelWords(level)} · ${time}`);
  }

  #showScores(scores: StepWords["scores"]): void {
    const key = scores.map(({ value, label }) => `${value} ${label}`).join("; ");
    if (this.#scores.dataset.scores === key) return;
    this.#scores.dataset.scores = key;
    this.#scores.replaceChildren(
      ...scores.map(({ value, label, isControl = false }) =>
        el(
          "p",
          { class: isControl ? "of-control" : "of-ticket" },
          ...[el("b", {}, value), " ", el("span", {}, label)],
        )
      ),
    );
  }
}

/** Writes a text where it is another one. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
