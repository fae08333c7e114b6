/// <reference lib="dom" />
/**
 * Shows a network's weights through every step of an experiment: the words of the step, the
 * drawing, and the line of time, which plays, pauses and is moved by hand, key or finger.
 */

import { firstSize } from "../../weights/sample.ts";
import { button, el } from "../dom.ts";
import type { LevelChoice } from "../run/level_choice.ts";
import { Captions } from "./captions.ts";
import { CutTrial } from "./cut_trial.ts";
import { FrameLoop } from "./frame_loop.ts";
import { Picture } from "./picture.ts";
import type { RecordedRun } from "./recording.ts";
import { knownOf, partAt, reachOf, sceneAt } from "./scene.ts";
import { Scrubber } from "./scrubber.ts";
import { advanced, LAST_MOMENT, type Step, stepAt, storyOf } from "./story.ts";
import { wordsOf } from "./words.ts";

/** How soon the drawing comes to where training is, in seconds. */
const LAG = 0.7;
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
  readonly #motion = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #captions = new Captions();
  readonly #picked = el("li", { class: "net-picked" });
  readonly #figure = el("div", { class: "net-figure", role: "img" });
  readonly #frames = new FrameLoop(this.#figure, (seconds) => {
    const isMore = this.#isPlaying && this.#advance(seconds);
    this.#show();
    return isMore;
  });
  readonly #play = button("Play", () => this.#toggle(), { class: "net-play", id: "network-play" });
  readonly #follow = button("Follow the training", () => this.follow(), { class: "small" });
  readonly #back = button("‹", () => this.#move(-1), { "aria-label": "One step back" });
  readonly #on = button("›", () => this.#move(1), { "aria-label": "One step on" });
  readonly #trial = new CutTrial(() => {
    this.#isFollowing = false;
    this.#setPlaying(false);
    this.#show();
  });
  readonly #scrubber = new Scrubber(
    (position) => this.#seek(position),
    (index) => this.#choose(index),
  );
  readonly element = el(
    "div",
    { class: "net" },
    el("div", { class: "net-head" }, this.#scrubber.recipe, this.#captions.what),
    this.#captions.words,
    this.#figure,
    el(
      "div",
      { class: "net-controls" },
      el("div", { class: "net-buttons" }, this.#back, this.#play, this.#on),
      this.#scrubber.element,
    ),
    this.#trial.element,
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

  /** @param choice the level that is chosen, here or elsewhere on the page */
  constructor(private readonly choice: LevelChoice) {
    choice.listen(() => this.#showLevel());
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#motion.addEventListener("change", () => this.#setMotion());
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
    this.#captions.showOrigin(origin);
    this.#isLive = this.#isFollowing = this.#frames.isPatient = isLive;
    this.#position = this.#iteration = 0;
    this.#target = null;
    this.update(runs);
    if (this.#story.length > 0) this.#setPlaying(true);
  }

  /** Stands still until there is something else to show: the processor may be what trains. */
  wait(origin: string): void {
    this.#captions.showOrigin(origin);
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
      this.#picture = new Picture(weights, (words) => this.#picked.textContent = words);
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
    if (this.#isPlaying) this.#frames.wake();
  }

  /** Nothing is trained any more; `origin`: what is shown, for the reader. */
  end(origin: string): void {
    this.#captions.showOrigin(origin);
    this.#isLive = this.#isFollowing = this.#frames.isPatient = false;
    this.#show();
  }

  /** Keeps up with what is trained. */
  follow(): void {
    this.choice.set(null);
    this.#isFollowing = this.#isLive;
    this.#target = null;
    if (this.#story.length - this.#position > MOST_BEHIND) {
      this.#position = this.#story.length - 1;
    }
    this.#iteration = 0;
    this.#setPlaying(true);
  }

  /** Plays some steps, to the end of the last; without motion, shows that end. */
  #playSteps(from: number, to = from): void {
    this.#isFollowing = false;
    this.#target = to + LAST_MOMENT;
    this.#position = this.#moves ? from : this.#target;
    this.#setPlaying(this.#moves);
    this.#show();
  }

  /** Plays a step that the person asks for, whose level is then the chosen one. */
  #choose(index: number): void {
    const at = Math.min(this.#story.length - 1, Math.max(0, index));
    this.#playSteps(at);
    this.choice.set(this.#story[at].level);
  }

  /**
   * Shows the level that was chosen elsewhere: how it was made, and where it ended; to who has
   * paused the drawing, that end alone.
   */
  #showLevel(): void {
    const { value } = this.choice, { index } = stepAt(this.#story, this.#position);
    if (value === null || this.#story[index]?.level === value) return this.#show();
    const isOf = ({ level, control }: Step) => level === value && control === null;
    const from = this.#story.findIndex(isOf);
    if (from < 0) return;
    const last = this.#story.findLastIndex(isOf), wasPlaying = this.#isPlaying;
    const isPaused = !wasPlaying && this.#position < this.#story.length - 1 + LAST_MOMENT;
    this.#playSteps(isPaused ? last + LAST_MOMENT : from, last);
  }

  get #count(): number {
    return firstSize(this.#story[0].run.weights.sample);
  }

  #move(steps: number): void {
    this.#choose(stepAt(this.#story, this.#position).index + steps);
  }

  #seek(position: number): void {
    this.#isFollowing = false;
    this.#trial.reset();
    this.#setPlaying(false);
    this.#position = this.#moves
      ? Math.min(position, this.#story.length - 1 + LAST_MOMENT)
      : stepAt(this.#story, position).index + LAST_MOMENT;
    this.#show();
    this.choice.set(this.#story[stepAt(this.#story, this.#position).index].level);
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
    else if (goal >= 0) this.#choose(goal);
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
    if (isPlaying) this.#trial.reset();
    this.#play.textContent = this.#isPlaying ? "Pause" : "Play";
    this.#play.setAttribute("aria-label", this.#isPlaying ? "Pause the drawing" : "Play the steps");
    this.#play.classList.toggle("is-playing", this.#isPlaying);
    if (this.#isPlaying) this.#frames.wake();
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
    // Who plays on from a chosen level chooses what comes.
    const { level } = story[stepAt(story, this.#position).index];
    if (this.choice.value !== null && level !== step.level) this.choice.set(level);
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
    const scene = this.#trial.at(step, this.#count) ?? sceneAt(step, part, this.#count);
    this.#picture!.show(scene, this.#reach);
    const isOpen = this.#isLive && index === story.length - 1 &&
      knownOf(step) < (step.run.iterations ?? Infinity);
    const phase = isOpen && part > 0 ? "going" : part === 1 ? "end" : "before";
    const words = wordsOf(step, story[0].run.weights, this.#count, phase);
    this.#captions.show(step, scene.iteration, words);
    const { live } = step.run.weights;
    const left = live.reduce((sum, is) => sum + is, 0);
    this.#figure.setAttribute(
      "aria-label",
      `${words.title}. Drawn are ${live.length} connections, of which ${left} are left.`,
    );
    this.element.dataset.step = step.kind;
    this.element.dataset.level = `${step.level}`;
    this.#follow.hidden = !this.#isLive || this.#isFollowing;
    this.#scrubber.show(this.#position, words.title, this.choice.value);
  }
}
