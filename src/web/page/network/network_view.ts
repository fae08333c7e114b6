/// <reference lib="dom" />
/**
 * Shows a network's weights through every step of an experiment: the words of the step, the drawing,
 * and the line of time, which plays, pauses and is moved by hand, key or finger.
 */

import { percentText } from "../../../analysis/percent.ts";
import { firstSize } from "../../weights/sample.ts";
import { button, el } from "../dom.ts";
import { Picture } from "./picture.ts";
import type { RecordedRun } from "./recording.ts";
import { knownOf, partAt, reachOf, sceneAt } from "./scene.ts";
import { Scrubber } from "./scrubber.ts";
import { advanced, LAST_MOMENT, type Step, stepAt, storyOf } from "./story.ts";
import { wordsOf } from "./words.ts";

/** How soon the drawing comes to where training is, in seconds. */
const LAG = 0.7;
/** A frame brings at most so much time: after a rest the drawing goes on where it was. */
const MOST_SECONDS = 0.25;
/** A frame that takes longer is late, and then so many times as long nothing is drawn. */
const LATE_MS = 24, REST = 4;
/** A drawing that is this many steps behind the training hurries. */
const MOST_BEHIND = 3;

/** The drawing with its controls. */
export class NetworkView {
  #story: readonly Step[] = [];
  #picture: Picture | null = null;
  #source = "";
  #reach = 1;
  #position = 0;
  /** Where playing ends; null: at the end of the story. */
  #target: number | null = null;
  #isPlaying = false;
  #isLive = false;
  /** Whether it keeps up with what is trained. */
  #isFollowing = false;
  /** The iteration of a training that goes on, as it is shown. */
  #iteration = 0;
  #isVisible = false;
  /** Whether a frame has been asked for. */
  #isWoken = false;
  #last = 0;
  readonly #motion = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #origin = el("p", { class: "net-origin" });
  readonly #title = el("h3", { class: "net-title" });
  readonly #text = el("p", { class: "net-text" });
  readonly #surprise = el("p", { class: "net-surprise" });
  readonly #scores = el("div", { class: "net-scores" });
  readonly #status = el("p", { class: "net-status" });
  readonly #picked = el("li", { class: "net-picked" });
  readonly #figure = el("div", { class: "net-figure", role: "img" });
  readonly #play = button("Play", () => this.#toggle(), { class: "net-play", id: "network-play" });
  readonly #follow = button("Follow the training", () => this.follow(), { class: "small" });
  readonly #back = button("‹", () => this.#move(-1), { "aria-label": "One step back" });
  readonly #on = button("›", () => this.#move(1), { "aria-label": "One step on" });
  readonly #scrubber = new Scrubber(
    (position) => this.#seek(position),
    (index) => this.playStep(index),
  );
  readonly element = el(
    "div",
    { class: "net" },
    el(
      "div",
      { class: "net-head" },
      this.#scrubber.recipe,
      el("div", { class: "net-what" }, this.#origin, this.#status),
    ),
    el(
      "div",
      { class: "net-words" },
      this.#title,
      this.#text,
      el("div", { class: "net-readout" }, this.#scores, this.#surprise),
    ),
    this.#figure,
    el(
      "div",
      { class: "net-controls" },
      el("div", { class: "net-buttons" }, this.#back, this.#play, this.#on),
      this.#scrubber.element,
    ),
    el(
      "ul",
      { class: "net-legend" },
      el("li", { class: "above" }, "above zero"),
      el("li", { class: "below" }, "below zero"),
      el("li", { class: "ring" }, "where it started"),
      this.#picked,
      this.#follow,
    ),
  );

  constructor() {
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#motion.addEventListener("change", () => this.#setMotion());
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isVisible = isIntersecting;
      this.#wake();
    }, { threshold: 0.25 }).observe(this.#figure);
    this.#setMotion();
  }

  /** Whether it moves by itself. */
  get #moves(): boolean {
    return !this.#motion.matches;
  }

  /**
   * Shows other runs from their first step.
   *
   * @param origin what they are, for the reader
   * @param isLive whether they are being trained
   */
  open(runs: readonly RecordedRun[], origin: string, isLive: boolean): void {
    this.#source = "";
    this.#origin.textContent = origin;
    this.#isLive = this.#isFollowing = isLive;
    this.#position = this.#iteration = 0;
    this.#target = null;
    this.update(runs);
    if (this.#story.length > 0) this.#setPlaying(true);
  }

  /** Stands still until there is something else to show: the processor may be what trains. */
  wait(origin: string): void {
    this.#origin.textContent = origin;
    this.#setPlaying(false);
  }

  /** Takes what has been added to the runs that are shown. */
  update(runs: readonly RecordedRun[]): void {
    const story = storyOf(runs), [first] = story;
    if (!first) return;
    const { weights } = first.run, source = JSON.stringify(weights.sample);
    if (source !== this.#source) {
      this.#source = source;
      this.#picture?.destroy();
      this.#picture = new Picture(weights, (words) => setText(this.#picked, words));
      this.#figure.replaceChildren(this.#picture.element);
    }
    const had = this.#story;
    this.#story = story;
    const isSame = story.length === had.length &&
      story.every(({ kind, level }, i) => kind === had[i].kind && level === had[i].level);
    if (!isSame) {
      // A control comes behind the last level's steps: what is before stays where it is.
      this.#scrubber.setStory(story);
      this.#position = Math.min(this.#position, story.length - 1 + LAST_MOMENT);
    }
    const shown = story.flatMap(({ run, control }) => control ? [run, control] : [run]);
    this.#reach = reachOf([...new Set(shown.map(({ weights }) => weights))], this.#count);
    if (this.#isFollowing && !this.#isPlaying) this.#setPlaying(true);
    if (!this.#moves && this.#isFollowing) this.#position = story.length - 1 + LAST_MOMENT;
    this.#show();
    this.#wake();
  }

  /** Nothing is trained any more. */
  end(): void {
    this.#isLive = false;
    this.#isFollowing = false;
    this.#show();
  }

  /** Keeps up with what is trained. */
  follow(): void {
    this.#isFollowing = this.#isLive;
    this.#target = null;
    if (this.#story.length - this.#position > MOST_BEHIND) {
      this.#position = this.#story.length - 1;
    }
    this.#iteration = 0;
    this.#setPlaying(true);
  }

  /** Plays one step; without motion, shows its end. */
  playStep(index: number): void {
    const at = Math.min(this.#story.length - 1, Math.max(0, index));
    this.#isFollowing = false;
    this.#position = this.#moves ? at : at + LAST_MOMENT;
    this.#target = at + LAST_MOMENT;
    this.#setPlaying(this.#moves);
    this.#show();
  }

  get #count(): number {
    return firstSize(this.#story[0].run.weights.sample);
  }

  #move(steps: number): void {
    this.playStep(stepAt(this.#story, this.#position).index + steps);
  }

  #seek(position: number): void {
    this.#isFollowing = false;
    this.#setPlaying(false);
    this.#position = this.#moves
      ? Math.min(position, this.#story.length - 1 + LAST_MOMENT)
      : stepAt(this.#story, position).index + LAST_MOMENT;
    this.#show();
  }

  #toggle(): void {
    const isAtEnd = this.#position >= this.#story.length - 1 + LAST_MOMENT;
    if (!this.#isPlaying && isAtEnd) this.#position = 0;
    this.#target = null;
    if (this.#isPlaying) this.#isFollowing = false;
    this.#setPlaying(!this.#isPlaying);
    this.#show();
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || this.#story.length === 0) return;
    const { index } = stepAt(this.#story, this.#position);
    const { level } = this.#story[index];
    const goal = {
      ArrowRight: index + 1,
      ArrowUp: index + 1,
      ArrowLeft: index - 1,
      ArrowDown: index - 1,
      PageUp: this.#story.findIndex((step) => step.level > level),
      PageDown: this.#story.findIndex((step) => step.level === level - 1),
      Home: 0,
      End: this.#story.length - 1,
    }[event.key];
    const isButton = (event.target as Element).tagName === "BUTTON";
    if (event.key === " " && !isButton) this.#toggle();
    else if (goal === undefined) return;
    else if (goal >= 0) this.playStep(goal);
    event.preventDefault();
  }

  #setMotion(): void {
    this.#play.hidden = !this.#moves;
    this.#scrubber.slider.step = this.#moves ? "any" : "1";
    if (!this.#moves && this.#story.length > 0) {
      this.#setPlaying(false);
      this.#position = stepAt(this.#story, this.#position).index + LAST_MOMENT;
      this.#show();
    }
  }

  #setPlaying(isPlaying: boolean): void {
    this.#isPlaying = isPlaying && this.#moves;
    this.#play.textContent = this.#isPlaying ? "Pause" : "Play";
    this.#play.setAttribute("aria-label", this.#isPlaying ? "Pause the drawing" : "Play the steps");
    this.#play.classList.toggle("is-playing", this.#isPlaying);
    this.#wake();
  }

  /** Asks for the next frame where there is something to move, and it is seen. */
  #wake(): void {
    if (this.#isWoken || !this.#isPlaying || !this.#isVisible) return;
    this.#isWoken = true;
    this.#last = performance.now();
    this.#ask();
  }

  #ask(): void {
    const asked = performance.now();
    requestAnimationFrame((now) => {
      const seconds = Math.min(MOST_SECONDS, Math.max(0, now - this.#last) / 1000);
      this.#last = now;
      this.#isWoken = this.#isPlaying && this.#isVisible && this.#advance(seconds);
      this.#show();
      if (!this.#isWoken) return;
      // Frames that come late are drawn by the processor, which may be what trains: leave it time.
      const late = performance.now() - asked;
      if (this.#isLive && late > LATE_MS) setTimeout(() => this.#ask(), REST * late);
      else this.#ask();
    });
  }

  /** Moves on; returns whether there is more to come. */
  #advance(seconds: number): boolean {
    const story = this.#story, end = story.length - 1, before = this.#position;
    const { index } = stepAt(story, before), step = story[index];
    const isOpen = this.#isFollowing && index === end && /train|compare/.test(step.kind);
    if (isOpen) {
      const known = knownOf(step), left = known - this.#iteration;
      if (left <= 1e-3 * known) return false;
      this.#iteration += left * (1 - Math.exp(-seconds / LAG));
      this.#position = index + Math.min(LAST_MOMENT, partAt(step, this.#iteration));
      return true;
    }
    this.#iteration = 0;
    const behind = this.#isFollowing ? Math.max(1, (story.length - before) / MOST_BEHIND) : 1;
    const limit = this.#target ?? end + LAST_MOMENT;
    this.#position = Math.min(limit, advanced(story, before, seconds * behind));
    if (this.#position >= limit) {
      this.#target = null;
      if (!this.#isFollowing) this.#setPlaying(false);
    }
    // A frame that had begun when it was asked for brings no time: more is to come all the same.
    return this.#position < limit;
  }

  #show(): void {
    const story = this.#story;
    if (story.length === 0) return;
    const { index, part } = stepAt(story, this.#position), step = story[index];
    const scene = sceneAt(step, part, this.#count);
    this.#picture!.show(scene, this.#reach);
    const isOpen = this.#isLive && index === story.length - 1 &&
      knownOf(step) < (step.run.iterations ?? Infinity);
    const phase = isOpen && part > 0 ? "going" : part === 1 ? "end" : "before";
    const words = wordsOf(step, story[0].run.weights, this.#count, phase);
    setText(this.#title, words.title);
    setText(this.#text, words.text);
    setText(this.#surprise, words.surprise);
    this.#surprise.hidden = words.surprise === "";
    const scores = words.scores.map(({ value, label }) => `${value} ${label}`).join("; ");
    if (this.#scores.dataset.scores !== scores) {
      this.#scores.dataset.scores = scores;
      this.#scores.replaceChildren(
        ...words.scores.map(({ value, label, isControl = false }) =>
          el(
            "p",
            { class: isControl ? "of-control" : "of-ticket" },
            ...[el("b", {}, value), " ", el("span", {}, label)],
          )
        ),
      );
    }
    const { percent, live } = step.run.weights;
    const iteration = Math.round(scene.iteration).toLocaleString("en");
    const where = step.level === 0 ? "Full network" : `Level ${step.level}`;
    const time = /train|compare/.test(step.kind)
      ? `iteration ${iteration} of ${step.run.iterations?.toLocaleString("en") ?? "…"}`
      : `${percentText(percent, 1)} of the weights`;
    setText(this.#status, `${where} · ${time}`);
    const left = live.reduce((sum, is) => sum + is, 0);
    this.#figure.setAttribute(
      "aria-label",
      `${words.title}. Drawn are ${live.length} connections, of which ${left} are left.`,
    );
    this.element.dataset.step = step.kind;
    this.element.dataset.level = `${step.level}`;
    this.#follow.hidden = !this.#isLive || this.#isFollowing;
    this.#scrubber.show(this.#position, words.title);
  }
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
