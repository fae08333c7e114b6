/// <reference lib="dom" />
/**
 * The first layer's kernels before and after training, of the full network and of the ticket of a
 * level that the person chooses. Hidden for networks without convolutions.
 */

import { percentText } from "../../../analysis/percent.ts";
import { Memo } from "../../../memo.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";
import type { LaboratoryClient } from "../../client.ts";
import type { FirstKernels } from "../../messages.ts";
import { rgb } from "../colors.ts";
import { byId, el } from "../dom.ts";
import type { LevelChoice } from "../run/level_choice.ts";
import { columnsOf, isDrawable, kernelCells, type Rgb, scaleOf } from "./kernel_cells.ts";

/** Canvas pixels of a weight's square. */
const CELL = 12;

/** Shows the kernels. */
export class KernelFigure {
  readonly #kernels = new Memo<string, FirstKernels | null>();
  readonly #slider = el("input", { type: "range", id: "kernel-level", min: 1, step: 1 });
  readonly #level = el("output", { for: "kernel-level" });
  readonly #choice: HTMLElement;
  readonly #panels = el("div", { class: "kernel-panels" });
  #tickets: readonly FinishedRun[] = [];
  #turn = 0;

  constructor(
    private readonly client: LaboratoryClient,
    choice: LevelChoice,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#choice = el(
      "p",
      { class: "kernel-level" },
      el("label", { for: "kernel-level" }, "Ticket"),
      this.#slider,
      this.#level,
    );
    byId("kernels").replaceChildren(this.#choice, this.#panels);
    this.#slider.addEventListener("input", () => choice.set(Number(this.#slider.value)));
    choice.listen(() => {
      const { value } = choice;
      if (value === 0) return; // The full network stands beside whatever ticket is chosen.
      this.#slider.value = `${value ?? this.#slider.max}`;
      this.#show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#show());
  }

  /** The tickets of one trial by level, the full network first. */
  setTickets(tickets: readonly FinishedRun[]): void {
    const isLast = this.#slider.value === this.#slider.max || this.#tickets.length === 0;
    const isOther = tickets[0]?.folder !== this.#tickets[0]?.folder;
    this.#tickets = tickets;
    const last = Math.max(1, tickets.length - 1);
    this.#slider.max = `${last}`;
    if (isLast || isOther) this.#slider.value = `${last}`;
    this.#show();
  }

  #kernelsOf({ folder }: FinishedRun): Promise<FirstKernels | null> {
    return this.#kernels.get(folder, () => this.client.ask("kernels", { folder }));
  }

  async #show(): Promise<void> {
    const turn = ++this.#turn, [full] = this.#tickets;
    const ticket = this.#tickets[Number(this.#slider.value)];
    try {
      const whole = full ? await this.#kernelsOf(full) : null;
      const left = whole && ticket ? await this.#kernelsOf(ticket) : null;
      // Another level or experiment was chosen meanwhile.
      if (turn !== this.#turn) return;
      const isShown = whole !== null && isDrawable(whole);
      byId("kernels-figure").hidden = !isShown;
      if (isShown) this.#draw(whole, left, ticket);
    } catch (error) {
      byId("kernels-figure").hidden = true;
      this.onError(error);
    }
  }

  #draw(full: FirstKernels, left: FirstKernels | null, ticket: FinishedRun | undefined): void {
    const scale = scaleOf([full.initial, full.final]);
    this.#choice.hidden = left === null || this.#tickets.length < 3;
    byId("kernels-note").textContent = noteOf(full);
    const panel = (heading: string, note: string, of: FirstKernels, values: Float32Array) =>
      el(
        "figure",
        { class: "kernel-panel" },
        kernelCanvas(of, values, scale, `${heading}, ${note}: ${sizeText(of)}`),
        el("figcaption", {}, el("b", {}, heading), ` ${note}`),
      );
    const name = ticket ? `Level ${ticket.level}` : "";
    if (ticket) this.#level.textContent = `level ${ticket.level}: ${sizeText(left ?? full)}`;
    this.#slider.setAttribute("aria-valuetext", this.#level.textContent ?? "");
    this.#panels.replaceChildren(
      panel("Full network", "at its random start", full, full.initial),
      panel("Full network", "trained", full, full.final),
      ...(left
        ? [
          panel(name, "the same start, fewer weights", left, left.initial),
          panel(name, "trained", left, left.final),
        ]
        : []),
    );
  }
}

/** "115 of 500 weights are left (23.0%)". */
function sizeText({ mask }: FirstKernels): string {
  const live = mask.reduce((sum, value) => sum + value, 0);
  return `${live.toLocaleString("en")} of ${mask.length.toLocaleString("en")} weights are left ` +
    `(${percentText(100 * live / mask.length, 1)})`;
}

/** How to read the picture. */
function noteOf({ height, width, channels, filters }: FirstKernels): string {
  const size = `The first layer has ${filters} kernels of ${height} × ${width} weights` +
    `${channels === 3 ? " for each of red, green and blue" : ""}. Each slides over the picture ` +
    "and answers to one small pattern. ";
  const colors = channels === 3
    ? "Where a square is coloured, the kernel looks for that colour; grey is near zero. A " +
      "smaller square has lost some of its three weights, a dot all of them."
    : "Blue weights are positive, orange ones negative, grey ones near zero. A dot is a weight " +
      "that was cut.";
  return `${size}${colors}`;
}

/** The filters of a layer, a square for each weight, a dot where there is none any more. */
function kernelCanvas(
  kernels: FirstKernels,
  values: Float32Array,
  scale: number,
  label: string,
): HTMLCanvasElement {
  const { height, width, filters } = kernels, columns = columnsOf(filters);
  const rows = Math.ceil(filters / columns);
  const canvas = el("canvas", {
    width: CELL * (columns * (width + 1) - 1),
    height: CELL * (rows * (height + 1) - 1),
    role: "img",
    "aria-label": label,
  });
  const context = canvas.getContext("2d")!;
  const colors = {
    zero: rgb("--line"),
    positive: rgb("--accent"),
    negative: rgb("--control"),
  };
  const dot = css(rgb("--line-strong"));
  kernelCells(kernels, values, scale, colors).forEach((cell, i) => {
    const filter = Math.floor(i / (height * width)), place = i % (height * width);
    const x = CELL * (filter % columns * (width + 1) + place % width);
    const y = CELL * (Math.floor(filter / columns) * (height + 1) + Math.floor(place / width));
    context.fillStyle = cell ? css(cell.color) : dot;
    if (cell) {
      const side = CELL * Math.sqrt(cell.live), edge = (CELL - side) / 2;
      context.fillRect(x + edge, y + edge, side, side);
    } else {
      context.beginPath();
      context.arc(x + CELL / 2, y + CELL / 2, CELL / 8, 0, 2 * Math.PI);
      context.fill();
    }
  });
  return canvas;
}

const css = ([red, green, blue]: Rgb) => `rgb(${red} ${green} ${blue})`;
