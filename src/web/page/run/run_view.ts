/// <reference lib="dom" />
/**
 * The part of the page that shows one experiment: its state, live curves, maps, figures, the table
 * and the verdict.
 */

import { fractionText, numberText } from "../../../analysis/percent.ts";
import { summarizeLevels } from "../../../reports/verdicts/summary.ts";
import { callOf } from "../../../reports/verdicts/call.ts";
import { judge } from "../../../reports/verdicts/verdict.ts";
import { isOfExample } from "../../example/about_example.ts";
import type { LaboratoryEvent, PruningScores } from "../../messages.ts";
import { answerParts, meaningText, surpriseParts } from "./answer.ts";
import { AccuracyFigure } from "../charts/accuracy_figure.ts";
import { byId } from "../dom.ts";
import { LevelChoice, Shared } from "./level_choice.ts";
import { levelTable } from "../charts/level_table.ts";
import { LineChart } from "../charts/line_chart.ts";
import { showPixelMaps } from "../charts/pixel_maps.ts";
import { scoreNote, showScores } from "../charts/score_figure.ts";
import { RunModel } from "./run_model.ts";
import { activityWords, FINISHED, PAUSED, stageWords, timeLeft } from "./run_words.ts";
import { showTab } from "./tab_title.ts";
import { Waiting } from "../waiting.ts";

/** Shows the experiment. */
export class RunView {
  model = new RunModel();
  /** The level that is chosen, and where the crosshair is. */
  readonly choice = new LevelChoice(byId("run"));
  readonly #touch = { choice: this.choice, crosshair: new Shared<number | null>(null) };
  readonly #loss = new LineChart({
    ...this.#touch,
    title: "Test loss while it trains",
    note: "How wrong its answers on the test images are. Lower is better.",
    format: (value) => numberText(value, 3),
    tick: (value) => `${Number(numberText(value, 2))}`,
    fromZero: true,
  });
  readonly #accuracy = new LineChart({
    ...this.#touch,
    title: "Test accuracy while it trains",
    note: "The share of the test images, which it never trains on, that it gets right. Each line " +
      "is named by the weights that are left. The dots at the left are from before training.",
    format: fractionText,
    tick: (value) => fractionText(value, 1).replace(".0%", "%"),
    top: 1,
    fromZero: true,
    marksStart: true,
  });
  readonly #waiting = new Waiting();
  readonly #figure = new AccuracyFigure(byId("accuracy"), this.choice);

  constructor() {
    byId("curves").replaceChildren(this.#accuracy.element, this.#loss.element);
  }

  /** Shows another experiment. */
  open(model: RunModel, title: string, note = ""): void {
    this.model = model;
    this.choice.set(null);
    byId("run").hidden = false;
    byId("run").dataset.of = isOfExample(model.path) ? "example" : "reader";
    byId("result").hidden = byId("surprise").hidden = true;
    byId("run-start").textContent = "";
    this.#title(title);
    this.#numbers("", "");
    this.#note(note);
    showTab({ state: "idle" });
    byId("run").querySelector<HTMLElement>(".run-progress")!.hidden = true;
    this.refresh();
  }

  /** Everything anew from the model. */
  refresh(): void {
    byId("run-name").textContent = isOfExample(this.model.path) ? "" : this.model.path;
    this.showCurves();
    this.#showMaps();
    this.#showScores();
    this.#showRuns();
  }

  receive(event: LaboratoryEvent): void {
    this.model.receive(event);
    switch (event.type) {
      case "header":
        byId("run-name").textContent = event.path;
        break;
      case "stage":
        this.#title(stageWords(event.stage));
        byId("announcer").textContent = stageWords(event.stage);
        byId("run-numbers").textContent = this.#isFresh
          ? "The first results are on their way."
          : `iteration 0 of ${this.model.iterations.toLocaleString("en")}`;
        this.showCurves();
        this.#showStart();
        // Trials take turns.
        this.#showScores();
        break;
      case "progress":
        this.#progress(event);
        this.#wait(this.#activity, !this.#isFresh);
        break;
      case "points":
        this.showCurves();
        this.#showStart();
        break;
      case "map":
        this.#showMaps();
        break;
      case "scores":
        this.#showScores();
        break;
      case "run":
        this.#wait("Getting the next network ready", true);
        this.#showMaps();
        this.#showRuns();
        break;
      case "step":
        if (event.step === "prepare") this.#title("Getting ready");
        if (event.step === "report") {
          this.#title("Drawing the figures");
          this.#wait("Putting the results together");
        }
        break;
      case "activity":
        this.#activity = activityWords(event.activity);
        this.#wait(this.#activity, !this.#isFresh);
        break;
      case "notice":
        this.#note(event.text);
        break;
    }
  }

  /** Shows that training has begun, from now until `finish` or `halt`. */
  begin(): void {
    this.#isFresh = true;
    byId("run").querySelector<HTMLElement>(".run-progress")!.hidden = false;
    byId<HTMLProgressElement>("progress").removeAttribute("value");
    byId("result").hidden = byId("surprise").hidden = true;
    this.#isEnding = false;
    this.#part = null;
    showTab({ state: "running", part: null });
    this.#title("Getting ready");
    this.#numbers("", "");
    this.#wait("Getting ready");
  }

  /** Shows the present activity, with `isQuiet` only if it takes a while. */
  #wait(what: string, isQuiet = false): void {
    if (!this.#isEnding) this.#waiting.begin(what, isQuiet);
  }

  /** Says that the training ends as soon as the GPU answers. */
  waitForCheckpoint(): void {
    this.#isEnding = true;
    this.#waiting.begin("Waiting for the GPU to finish its step, then a checkpoint is written");
  }

  /** Shows that training has ended before its end. */
  halt(words: string): void {
    this.#waiting.end();
    showTab(words === PAUSED ? { state: "paused", part: this.#part } : { state: "idle" });
    this.model.current = null;
    this.#title(words);
    byId("announcer").textContent = words;
    byId("run-left").textContent = "";
  }

  /** Shows what came of a finished experiment. */
  finish(sentence: string, title = FINISHED): void {
    this.#waiting.end();
    this.model.current = null;
    this.#showStart();
    byId("run").querySelector<HTMLElement>(".run-progress")!.hidden = true;
    this.#title(title);
    this.showCurves();
    this.#showRuns();
    this.#showAnswer();
    byId("verdict").textContent = sentence;
    byId("result").hidden = false;
    // An experiment that was only opened has the focus on its title.
    if (title === FINISHED) byId("announcer").textContent = `${title}. ${sentence}`;
    const call = callOf(judge(this.model.runs).compared)?.call ?? null;
    showTab(title === FINISHED ? { state: "finished", call } : { state: "idle" });
  }

  /** The numbers, the conditions and the surprise. */
  #showAnswer(): void {
    const { runs } = this.model, verdict = judge(runs);
    byId("answer").replaceChildren(...answerParts(verdict, runs));
    byId("verdict-note").textContent = meaningText(verdict);
    // Where its conditions stand in lines, the sentence says nothing more.
    byId("verdict").classList.toggle("visually-hidden", callOf(verdict.compared) !== null);
    const surprise = surpriseParts(runs);
    byId("surprise").hidden = surprise.length === 0;
    byId("surprise").replaceChildren(...surprise);
  }

  /** Whether nothing has been measured yet. */
  #isFresh = true;
  #activity = "";
  /** What of the training is done, from 0 to 1. */
  #part: number | null = null;
  #shownScores: PruningScores | null = null;
  /** Whether a checkpoint is waited for. */
  #isEnding = false;

  #progress(event: Extract<LaboratoryEvent, { type: "progress" }>): void {
    const { done, total, iteration, iterations, speed, secondsLeft } = event;
    this.#isFresh = false;
    const progress = byId<HTMLProgressElement>("progress");
    progress.value = total === 0 ? 1 : done / total;
    const percent = Math.round(100 * progress.value);
    progress.textContent = `${percent}%`;
    this.#part = progress.value;
    showTab({ state: "running", part: this.#part });
    const parts = [
      `iteration ${iteration.toLocaleString("en")} of ${iterations.toLocaleString("en")}`,
      ...(speed ? [`${Math.round(speed).toLocaleString("en")} iterations/s`] : []),
    ];
    const left = secondsLeft === null ? "measuring the time left" : timeLeft(secondsLeft);
    this.#numbers(parts.join(" · "), left);
  }

  /** Says what a ticket knows before it is trained, as soon as that is known. */
  #showStart(): void {
    const { current, startAccuracy } = this.model;
    const isKnown = current?.kind === "ticket" && current.level > 0 && startAccuracy !== null;
    const text = isKnown
      ? `Before training, this ticket already gets ${
        fractionText(startAccuracy)
      } of the test images right.`
      : "";
    byId("run-start").textContent = text;
  }

  #title(text: string): void {
    byId("run-stage").textContent = text;
  }

  #numbers(numbers: string, left: string): void {
    byId("run-numbers").textContent = numbers;
    byId("run-left").textContent = left;
  }

  #note(text: string): void {
    byId("run-note").textContent = text;
  }

  /** Shows the curves that the model has. */
  showCurves(): void {
    const { model } = this;
    this.#loss.show(model.lines("loss"), model.iterations);
    this.#accuracy.show(model.lines("accuracy"), model.iterations);
  }

  #showMaps(): void {
    const maps = [...this.model.maps.values()].filter(({ run, width, height }) =>
      run.kind === "ticket" && run.trial === this.model.trial && width > 1 && height > 1
    ).sort((a, b) => a.run.level - b.run.level);
    byId("maps-figure").hidden = maps.length === 0;
    showPixelMaps(
      byId("maps"),
      maps.map(({ run, live, width, height }) => {
        const percent = this.model.percentOf(run)!;
        const label = run.level === 0 ? "Full" : `Level ${run.level}`;
        return { label, level: run.level, percent, live, width, height };
      }),
    );
    this.choice.mark();
  }

  #showScores(): void {
    const { scores } = this.model;
    if (scores === this.#shownScores) return;
    this.#shownScores = scores;
    byId("scores-figure").hidden = scores === null;
    byId("scores-note").textContent = scores && scoreNote(scores);
    if (scores) showScores(byId("scores"), scores);
  }

  #showRuns(): void {
    const { runs, trial } = this.model, trials = new Set(runs.map((run) => run.trial)).size;
    byId("trial-note").textContent = trials > 1
      ? `Curves and pictures are of trial ${trial}. Charts and table by level are ` +
        `means of ${trials} trials, as the numbers above are.`
      : "";
    const levels = summarizeLevels(runs);
    byId("table").hidden = levels.length === 0;
    byId("table").replaceChildren(levelTable(levels));
    this.choice.mark();
    this.#figure.show(runs);
  }
}
