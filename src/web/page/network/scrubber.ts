/// <reference lib="dom" />
/**
 * The line of time: a slider over all steps, the levels below it by what is left of the network,
 * and the recipe, a button for each kind of step.
 */

import { percentText } from "../../../analysis/percent.ts";
import { button, el } from "../dom.ts";
import { type Step, stepAt, type Stretch, stretchesOf } from "./story.ts";
import { RECIPE } from "./words.ts";

/** Room that a level's name needs, in pixels; the control's needs more. */
const ROOM = 38, CONTROL_ROOM = 54;

/** A level on the line. */
interface Level extends Stretch {
  element: HTMLElement;
}

/** Moves over the steps. */
export class Scrubber {
  readonly slider = el("input", {
    ...{ type: "range", min: 0, max: 1, step: "any", value: 0, class: "net-slider" },
    ...{ "aria-label": "Steps of the experiment", id: "network-slider" },
  });
  readonly #row = el("div", { class: "net-levels" });
  readonly element = el(
    "div",
    { class: "net-time" },
    this.slider,
    el("span", { class: "net-levels-name" }, "weights left"),
    this.#row,
  );
  readonly #kinds: HTMLButtonElement[];
  /** The buttons of the recipe. */
  readonly recipe: HTMLElement;
  #story: readonly Step[] = [];
  #levels: Level[] = [];
  #index = 0;

  /**
   * @param go   moves to a position
   * @param step plays a step
   */
  constructor(go: (position: number) => void, private readonly step: (index: number) => void) {
    this.slider.addEventListener("input", () => go(Number(this.slider.value)));
    this.#kinds = RECIPE.map(({ name }, i) =>
      button(name, () => step(this.#indexOf(i)), { class: "net-step" })
    );
    this.recipe = el(
      "div",
      { class: "net-steps", role: "group", "aria-label": "Steps" },
      ...this.#kinds,
    );
    new ResizeObserver(() => this.#name()).observe(this.#row);
  }

  /** Takes the steps, of which there may be more than before. */
  setStory(story: readonly Step[]): void {
    this.#story = story;
    this.slider.max = `${story.length}`;
    this.#levels = stretchesOf(story).map((stretch) => {
      const { percent, from, steps, isControl } = stretch;
      const text = isControl ? "control" : percentText(percent, percent < 10 ? 1 : 0);
      const element = button(text, () => this.step(from), { class: "net-level", tabindex: -1 });
      element.classList.toggle("net-control", isControl);
      element.style.setProperty("flex", `${steps} 0 0`);
      return { ...stretch, element };
    });
    this.#row.replaceChildren(...this.#levels.map(({ element }) => element));
  }

  /** Moves to a position, of which this is the title; marks a level that is chosen. */
  show(position: number, title: string, chosen: number | null): void {
    for (const { element, level, isControl } of this.#levels) {
      element.ariaPressed = `${level === chosen && !isControl}`;
    }
    this.slider.value = `${position}`;
    const { index } = stepAt(this.#story, position), step = this.#story[index];
    const what = step.control
      ? "Control"
      : step.level === 0
      ? "Full network"
      : `Level ${step.level}, ${percentText(step.run.weights.percent, 1)} of the weights`;
    const text = `${what}. ${title}`;
    if (this.slider.getAttribute("aria-valuetext") === text && index === this.#index) return;
    this.slider.setAttribute("aria-valuetext", text);
    this.#index = index;
    this.#kinds.forEach((made, i) => {
      const { kind, isFull } = RECIPE[i];
      const isNow = step.kind === kind && (kind !== "train" || (step.level === 0) === !!isFull);
      if (isNow) made.setAttribute("aria-current", "step");
      else made.removeAttribute("aria-current");
      made.disabled = this.#indexOf(i) === -1;
    });
    this.#name();
  }

  /** The step of a kind at this level, or at the nearest one that has it; -1 where none has. */
  #indexOf(recipe: number): number {
    const { kind, isFull } = RECIPE[recipe], { level } = this.#story[this.#index];
    const all = this.#story.map((step, index) => ({ ...step, index })).filter((step) =>
      step.kind === kind && (kind !== "train" || (step.level === 0) === !!isFull)
    );
    const distance = (step: Step) => Math.abs(step.level - level);
    return all.sort((a, b) => distance(a) - distance(b))[0]?.index ?? -1;
  }

  /** Names the levels for which there is room: the present one first, then the ends. */
  #name(): void {
    const width = this.#row.clientWidth / Math.max(1, this.#story.length);
    const isNow = ({ from, steps }: Level) => this.#index >= from && this.#index < from + steps;
    const last = this.#levels.length - 1;
    const taken: [from: number, to: number][] = [];
    const rank = (i: number) => isNow(this.#levels[i]) ? 0 : i === last ? 1 : i === 0 ? 2 : 3;
    const order = this.#levels.map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b);
    for (const i of order) {
      const { from, steps, element, isControl } = this.#levels[i];
      const room = isControl ? CONTROL_ROOM : ROOM, isTight = i === last && steps * width < room;
      const end = (from + steps) * width, start = isTight ? end - room : from * width;
      const isFree = taken.every(([a, b]) => start >= b || start + room <= a);
      if (isFree) taken.push([start, start + room]);
      element.classList.toggle("is-unnamed", !isFree);
      element.classList.toggle("is-tight", isTight);
      element.toggleAttribute("aria-current", isNow(this.#levels[i]));
    }
  }
}
