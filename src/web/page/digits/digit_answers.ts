/// <reference lib="dom" />
/**
 * The answers of four networks to one picture, side by side: the full network, a ticket that the
 * person chooses, its control, and the same ticket before its training.
 */

import { percentText } from "../../../analysis/percent.ts";
import { CIFAR_LABELS } from "../../../datasets/cifar_10.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";
import type { LaboratoryClient } from "../../client.ts";
import type { AskedNetwork, ImageShape, TestImage } from "../../messages.ts";
import { levelName } from "../charts/level_table.ts";
import { byId, el } from "../dom.ts";
import type { LevelChoice } from "../run/level_choice.ts";
import { AnswerCard } from "./answer_card.ts";
import { SIDE } from "./digit_image.ts";
import { DrawPad } from "./draw_pad.ts";
import { paintImage } from "./pixel_image.ts";
import { TestImages } from "./test_images.ts";

/** Names of the classes where they are digits. */
const DIGITS = Array.from({ length: 10 }, (_, digit) => `${digit}`);
const DIGIT_SHAPE: ImageShape = { height: SIDE, width: SIDE, channels: 1, dataset: "" };

/** The networks that answer side by side. */
type CardName = "full" | "ticket" | "control" | "untrained";

/** The networks of an experiment that can be asked. */
export interface Asked {
  /** Of one trial by level, the full network first. */
  tickets: readonly FinishedRun[];
  /** All that are finished. */
  runs: readonly FinishedRun[];
  /** Of their images, where that is known. */
  shape?: ImageShape;
}

/** Shows what networks take a picture for. */
export class DigitAnswers {
  readonly #pad: DrawPad;
  readonly #choice = el("select", { id: "ticket-choice" });
  readonly #cards: Record<CardName, AnswerCard> = {
    full: new AnswerCard("Full network", "full"),
    ticket: new AnswerCard("Ticket", "ticket"),
    control: new AnswerCard("Control", "control"),
    untrained: new AnswerCard("Ticket, untrained", "untrained"),
  };
  readonly #left = el("div", { class: "draw-left" });
  readonly #right = el("div");
  readonly #answers = el("div", { class: "answers" });
  readonly #sees = el("canvas", { width: SIDE, height: SIDE, role: "img" });
  readonly #caption = el("p", { class: "note" });
  readonly #seen = el("div", { class: "sees" }, this.#sees, this.#caption);
  readonly #images: TestImages;
  #tickets: readonly FinishedRun[] = [];
  #controls: readonly FinishedRun[] = [];
  #shape = DIGIT_SHAPE;
  /** A test image that was chosen, until something is drawn. */
  #chosen: TestImage | null = null;
  #isAsking = false;
  #isStale = false;

  constructor(
    private readonly client: LaboratoryClient,
    private readonly choice: LevelChoice,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#pad = new DrawPad(() => {
      this.#chosen = null;
      this.#ask();
    });
    this.#images = new TestImages(client, (image) => this.#choose(image), onError);
    this.#choice.addEventListener("change", () => {
      const ticket = this.#tickets.find(({ folder }) => folder === this.#choice.value);
      this.choice.set(ticket?.level ?? null);
      this.#changed();
    });
    choice.listen(() => this.#follow());
    const { full, ticket, control, untrained } = this.#cards;
    this.#answers.append(...[full, ticket, control, untrained].map(({ element }) => element));
    const which = el(
      "p",
      { class: "answer ticket-choice" },
      el("label", { for: "ticket-choice" }, "Which ticket?"),
      this.#choice,
    );
    this.#left.append(this.#pad.element, this.#seen);
    this.#right.append(which, this.#answers, this.#images.element);
    byId("draw-area").replaceChildren(this.#left, this.#right);
    this.setNetworks({ tickets: [], runs: [] });
  }

  /** The networks that can be asked. */
  setNetworks({ tickets, runs, shape }: Asked): void {
    const controls = runs.filter(({ kind, trial }) =>
      kind === "reinit" && trial === tickets[0]?.trial
    );
    const foldersOf = (all: readonly FinishedRun[]) => all.map(({ folder }) => folder).join();
    const isSame = foldersOf(tickets) === foldersOf(this.#tickets) &&
      foldersOf(controls) === foldersOf(this.#controls);
    if (isSame && tickets.length > 0) return;
    const isOther = tickets[0]?.folder !== this.#tickets[0]?.folder;
    const isLastChosen = this.#choice.selectedIndex <= 0, chosen = this.#choice.value;
    this.#tickets = tickets;
    this.#controls = controls;
    const small = tickets.slice(1).reverse();
    this.#choice.replaceChildren(
      ...(small.length === 0 ? [el("option", {}, "none yet")] : small.map((ticket) =>
        el(
          "option",
          { value: ticket.folder },
          `${levelName(ticket)}: ${percentText(ticket.percent, 1)} left`,
        )
      )),
    );
    if (!isLastChosen && small.some(({ folder }) => folder === chosen)) this.#choice.value = chosen;
    this.#choice.disabled = small.length === 0;
    byId("draw-area").hidden = tickets.length === 0;
    if (isOther) this.#findShape(shape);
    this.#showIntro();
    this.#changed();
  }

  /** Takes the level that was chosen elsewhere; of the full network there is no ticket. */
  #follow(): void {
    const { value } = this.choice, last = this.#tickets.at(-1);
    const ticket = value === null ? last : this.#tickets.find(({ level }) => level === value);
    if (!ticket || ticket.level === 0 || ticket.folder === this.#choice.value) return;
    this.#choice.value = ticket.folder;
    this.#changed();
  }

  /** Networks of photos cannot read drawings. */
  async #findShape(known?: ImageShape): Promise<void> {
    const [full] = this.#tickets;
    this.#shape = known ?? DIGIT_SHAPE;
    this.#chosen = null;
    if (full && !known) {
      try {
        const shape = await this.client.ask("imageShape", { folder: full.folder });
        if (full !== this.#tickets[0]) return;
        this.#shape = shape;
      } catch (error) {
        this.onError(error);
      }
    }
    this.#pad.element.hidden = !this.#takesDrawings;
    // Where nothing can be drawn, test images come first.
    (this.#takesDrawings ? this.#right : this.#left).append(this.#images.element);
    this.#showIntro();
    this.#changed();
  }

  get #takesDrawings(): boolean {
    const { height, width, channels } = this.#shape;
    return height === SIDE && width === SIDE && channels === 1;
  }

  #showIntro(): void {
    const { height, width } = this.#shape;
    byId("draw-title").textContent = this.#takesDrawings
      ? "Draw a digit, ask all four"
      : "Ask all four";
    this.#answers.classList.toggle("is-wide", !this.#takesDrawings);
    byId("draw-intro").textContent = this.#tickets.length === 0
      ? "Run an experiment, or open a saved or finished one. Then draw here, and see what its " +
        "networks make of it."
      : this.#takesDrawings
      ? "All see the same drawing. Does the ticket read as well as the full network? Before " +
        "its training it is unsure, and often wrong; over all test images it is still right far " +
        "more often than a guess."
      : `These networks look at pictures of ${height} × ${width} pixels, and cannot read a ` +
        "drawing. Ask them about test images.";
  }

  get #names(): readonly string[] {
    return this.#shape.dataset === "cifar-10" ? CIFAR_LABELS : DIGITS;
  }

  /** The networks by card. */
  #networks(): Partial<Record<CardName, AskedNetwork>> {
    const [full] = this.#tickets;
    const ticket = this.#tickets.slice(1).find(({ folder }) => folder === this.#choice.value);
    const control = this.#controls.find(({ level }) => level === ticket?.level);
    const trained = (run: FinishedRun | undefined, isTrained = true) =>
      run && { folder: run.folder, isTrained };
    return {
      full: trained(full),
      ticket: trained(ticket),
      control: trained(control),
      untrained: trained(ticket, false),
    };
  }

  /** Other networks answer. */
  #changed(): void {
    const { full, ticket, control, untrained } = this.#networks();
    const cards = this.#cards;
    const describe = (name: CardName, note: string, none: string, network: unknown) =>
      cards[name].describe(network ? note : none, network !== undefined);
    describe("full", "all of its weights, trained", "none yet", full);
    describe("ticket", "few weights, trained", "none yet", ticket);
    describe("control", "new random values, trained", "none at this level", control);
    describe("untrained", "few weights, before training", "none yet", untrained);
    const networks = [full, ticket, control].filter((network) => network !== undefined);
    this.#images.setNetworks({ networks, shape: this.#shape, names: this.#names });
    this.#ask();
  }

  #choose(image: TestImage): void {
    if (this.#takesDrawings) this.#pad.show(image.pixels);
    this.#chosen = image;
    this.#ask();
  }

  #showSeen(pixels: readonly number[] | null): void {
    const { height, width } = this.#shape, label = this.#chosen?.label ?? null;
    paintImage(this.#sees, this.#shape, pixels);
    const truth = label === null ? "" : ` In truth: ${this.#names[label]}.`;
    this.#seen.hidden = pixels === null && !this.#takesDrawings;
    this.#caption.textContent = `What they see: ${height} × ${width} pixels.${truth}`;
    this.#sees.setAttribute("aria-label", this.#caption.textContent);
  }

  /** Asks about the picture as it is now; one question at a time, the latest counts. */
  async #ask(): Promise<void> {
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    const pixels = this.#chosen?.pixels ?? (this.#takesDrawings ? this.#pad.digit : null);
    this.#showSeen(pixels);
    const asked = pixels ? Object.entries(this.#networks()).filter(([, network]) => network) : [];
    const answers: Record<string, number[]> = {};
    this.#isAsking = true;
    try {
      if (pixels && asked.length > 0) {
        const networks = asked.map(([, network]) => network!);
        const found = await this.client.ask("predict", { pixels, networks });
        asked.forEach(([card], i) => answers[card] = found[i].probabilities);
      }
      for (const [name, card] of Object.entries(this.#cards)) {
        card.show(answers[name] ?? null, this.#names);
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.#isAsking = false;
    }
    if (this.#isStale) {
      this.#isStale = false;
      await this.#ask();
    }
  }
}
