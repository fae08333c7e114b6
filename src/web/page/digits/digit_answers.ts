/// <reference lib="dom" />
/**
 * The answers of two networks to a drawing: the full network and a ticket that the person chooses,
 * ten probabilities each.
 */

import { percentText, probabilityText } from "../../../analysis/percent.ts";
import type { LaboratoryClient } from "../../client.ts";
import { DrawPad } from "./draw_pad.ts";
import { byId, el } from "../dom.ts";
import { levelName } from "../charts/level_table.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";

/** One network's answer. */
class Answer {
  readonly element: HTMLElement;
  readonly #says = el("p", { class: "says", "aria-live": "polite" });
  readonly #bars = el("ol", { class: "bars" });

  constructor(heading: Node) {
    this.element = el(
      "section",
      { class: "answer" },
      el("h3", {}, heading),
      this.#says,
      this.#bars,
    );
    this.show(null);
  }

  show(probabilities: readonly number[] | null): void {
    const values = probabilities ?? Array.from({ length: 10 }, () => 0);
    const best = values.indexOf(Math.max(...values));
    this.#says.replaceChildren(
      ...(probabilities
        ? [`${best} `, el("small", {}, `with ${probabilityText(values[best])}`)]
        : [el("small", {}, "waits for a drawing")]),
    );
    this.#bars.replaceChildren(...values.map((value, digit) =>
      el(
        "li",
        { class: probabilities && digit === best ? "best" : "" },
        el("span", {}, `${digit}`),
        el("meter", { min: 0, max: 1, value, "aria-label": `Probability of ${digit}` }),
        el("span", {}, probabilities ? probabilityText(value) : "–"),
      )
    ));
  }
}

/** Shows what networks take the drawn digit for. */
export class DigitAnswers {
  readonly #pad: DrawPad;
  readonly #choice = el("select", { id: "ticket-choice", "aria-label": "Which ticket answers" });
  readonly #full = new Answer(document.createTextNode("Full network"));
  readonly #ticket: Answer;
  #tickets: readonly FinishedRun[] = [];
  /** The drawing that was asked about last, while the answer is on its way. */
  #isAsking = false;
  #isStale = false;

  constructor(
    private readonly client: LaboratoryClient,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#ticket = new Answer(this.#choice);
    this.#pad = new DrawPad(() => this.#ask());
    this.#choice.addEventListener("change", () => this.#ask());
    byId("draw-area").replaceChildren(
      this.#pad.element,
      el("div", { class: "answers" }, this.#full.element, this.#ticket.element),
    );
    this.setTickets([]);
  }

  /** The networks that can be asked: the tickets of one trial by level, the full network first. */
  setTickets(tickets: readonly FinishedRun[]): void {
    const isSame = tickets.length === this.#tickets.length &&
      tickets.every((ticket, i) => ticket.folder === this.#tickets[i].folder);
    if (isSame && tickets.length > 0) return;
    const isLastChosen = this.#choice.selectedIndex <= 0;
    const chosen = this.#choice.value;
    this.#tickets = tickets;
    const small = tickets.slice(1).reverse();
    this.#choice.replaceChildren(
      ...(small.length === 0 ? [el("option", {}, "Ticket")] : small.map((ticket) =>
        el(
          "option",
          { value: ticket.folder },
          `Ticket of ${levelName(ticket).toLowerCase()}: ${percentText(ticket.percent, 1)}`,
        )
      )),
    );
    if (!isLastChosen && small.some(({ folder }) => folder === chosen)) this.#choice.value = chosen;
    byId("draw-area").hidden = tickets.length === 0;
    this.#choice.disabled = small.length === 0;
    byId("draw-intro").textContent = tickets.length === 0
      ? "Run an experiment or open a saved one. Then draw here, and see what the full network " +
        "and its ticket make of it."
      : "Both see the same drawing, as 28 × 28 pixels, moved to the middle as in MNIST.";
    this.#ask();
  }

  /** Asks about the drawing as it is now; one question at a time, the latest counts. */
  async #ask(): Promise<void> {
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    const pixels = this.#pad.digit;
    const full = this.#tickets[0]?.folder, ticket = this.#choice.value;
    if (!pixels || !full) {
      this.#full.show(null);
      this.#ticket.show(null);
      return;
    }
    this.#isAsking = true;
    try {
      const folders = this.#tickets.length > 1 ? [full, ticket] : [full];
      const [first, second] = await this.client.ask("predict", { pixels, folders });
      this.#full.show(first.probabilities);
      this.#ticket.show(second?.probabilities ?? null);
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
