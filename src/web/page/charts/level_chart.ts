/// <reference lib="dom" />
/**
 * Accuracy against the weights that are left, as an inline drawing in the page's colours. A
 * crosshair follows mouse, finger and arrow keys from level to level; below stand its values. A
 * click, or Enter, chooses the level.
 */

import { percentText } from "../../../analysis/percent.ts";
import { SERIES } from "../../../analysis/series.ts";
import type { LevelMetric } from "../../../analysis/study.ts";
import { isOneValue, paddedRange } from "../../../figures/scales.ts";
import { el, svg } from "../dom.ts";
import type { LevelChoice, Shared } from "../run/level_choice.ts";
import { ticks } from "./line_values.ts";

/** Room for the axes, in CSS pixels; of a narrow drawing, ticks of the x axis are fewer. */
const MARGIN = { left: 52, right: 14, top: 12, bottom: 46 };
const TALL = { share: 0.5, least: 220, most: 320 };
/** Room that the name of a level needs under the axis. */
const TICK_ROOM = 44;

/** What a chart shows. */
export interface LevelChartOptions {
  title: string;
  note: string;
  choice: LevelChoice;
  /** The level of the crosshair, shared by charts; null without one. */
  crosshair: Shared<number | null>;
}

/** One level of the axis. */
interface Column {
  level: number;
  percent: number;
  x: number;
}

/** "Control" is the one of the same connections, here as everywhere on the page. */
const nameOf = (kind: LevelMetric["kind"]): string =>
  kind === "reinit" ? "Control" : SERIES[kind].label;

/** The colour of a kind, as the page has it. */
const colorOf = (kind: LevelMetric["kind"]): string =>
  kind === "ticket" ? "var(--accent)" : kind === "reinit" ? "var(--control)" : SERIES[kind].color;

/** Draws a metric level by level. */
export class LevelChart {
  readonly element: HTMLElement;
  readonly #plot = el("div", { class: "level-plot", role: "slider", tabindex: 0 });
  readonly #when = el("p", { class: "readout-when" });
  readonly #values = el("ul", { class: "readout" });
  #data: readonly LevelMetric[] = [];
  #columns: readonly Column[] = [];

  constructor(private readonly options: LevelChartOptions) {
    const { title, note, choice, crosshair } = options;
    this.element = el(
      "figure",
      { class: "figure" },
      el("figcaption", {}, el("h3", {}, title), el("p", { class: "note" }, note)),
      this.#plot,
      this.#when,
      this.#values,
    );
    new ResizeObserver(() => this.#draw()).observe(this.#plot);
    for (const shared of [choice, crosshair]) shared.listen(() => this.#draw());
    this.#listen();
  }

  /** Shows these levels; accuracies in percent. */
  show(data: readonly LevelMetric[]): void {
    this.#data = data.filter(({ percent }) => percent > 0);
    this.#draw();
  }

  #listen(): void {
    const { crosshair, choice } = this.options, plot = this.#plot;
    const move = ({ clientX }: PointerEvent) => {
      const x = clientX - plot.getBoundingClientRect().left;
      const byDistance = (a: Column, b: Column) => Math.abs(a.x - x) - Math.abs(b.x - x);
      crosshair.set(this.#columns.toSorted(byDistance)[0]?.level ?? null);
    };
    plot.addEventListener("pointermove", move);
    plot.addEventListener("pointerdown", move);
    plot.addEventListener("pointerleave", ({ pointerType }) => {
      if (pointerType === "mouse") crosshair.set(null);
    });
    plot.addEventListener("blur", () => crosshair.set(null));
    plot.addEventListener("click", () => {
      if (crosshair.value !== null) choice.toggle(crosshair.value);
    });
    plot.addEventListener("keydown", (event) => {
      const levels = this.#columns.map(({ level }) => level), last = levels.length - 1;
      const at = levels.indexOf(this.#level ?? levels[last]);
      const goals: Record<string, number> = {
        ...{ ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1 },
        ...{ Home: 0, End: last },
      };
      const goal = goals[event.key];
      if (event.altKey || event.ctrlKey || event.metaKey || last < 0) return;
      if (event.key === "Enter") choice.toggle(levels[at]);
      else if (event.key === "Escape") crosshair.set(null);
      else if (goal === undefined) return;
      else crosshair.set(levels[Math.min(last, Math.max(0, goal))]);
      event.preventDefault();
    });
  }

  /** The level whose values are told: the crosshair's, else the chosen one, else the last. */
  get #level(): number | null {
    const { crosshair, choice } = this.options;
    return crosshair.value ?? choice.value ?? this.#columns.at(-1)?.level ?? null;
  }

  #draw(): void {
    const width = Math.floor(this.#plot.clientWidth), data = this.#data;
    if (width === 0 || data.length === 0) return;
    const height = Math.round(Math.min(TALL.most, Math.max(TALL.least, TALL.share * width)));
    const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
    const [low, high] = paddedRange(data.flatMap(({ min, max }) => [min, max]));
    const toY = (value: number) => bottom - (value - low) / (high - low) * (bottom - MARGIN.top);
    const byLevel = new Map(data.map(({ level, percent }) => [level, percent]));
    const least = Math.min(...byLevel.values()), most = Math.max(...byLevel.values());
    const span = right - MARGIN.left - 28;
    const toX = (percent: number) =>
      MARGIN.left + 14 +
      (isOneValue(least, most) ? 0.5 : Math.log(most / percent) / Math.log(most / least)) * span;
    this.#columns = [...byLevel].sort(([a], [b]) => a - b).map(([level, percent]) => ({
      ...{ level, percent, x: toX(percent) },
    }));
    const text = (words: string, x: number, y: number, anchor: string) =>
      svg("text", { x: round(x), y: round(y), "text-anchor": anchor }, words);
    const line = (kind: string, x1: number, y1: number, x2: number, y2: number) =>
      svg("path", { class: kind, d: `M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}` });
    const steps = ticks(low, high, 4);
    const digits = Math.max(0, ...steps.map((value) => `${value}`.split(".")[1]?.length ?? 0));
    const full = data.find(({ kind, level }) => kind === "ticket" && level === 0);
    const at = this.#columns.find(({ level }) => level === this.options.crosshair.value);
    const chosen = this.#columns.find(({ level }) => level === this.options.choice.value);
    const drawing = svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" },
      ...(chosen
        ? [svg("rect", {
          ...{ class: "chosen", x: round(chosen.x - 12), y: MARGIN.top, width: 24 },
          height: bottom - MARGIN.top,
        })]
        : []),
      ...steps.flatMap((value) => [
        line("grid", MARGIN.left, toY(value), right, toY(value)),
        text(percentText(value, digits), MARGIN.left - 8, toY(value) + 4, "end"),
      ]),
      ...this.#named(span).map(({ percent, x }) =>
        text(percentText(percent, percent < 10 ? 1 : 0), x, bottom + 18, "middle")
      ),
      text("weights left", (MARGIN.left + right) / 2, bottom + 38, "middle"),
      ...(full ? [line("full", MARGIN.left, toY(full.mean), right, toY(full.mean))] : []),
      ...(at ? [line("at", at.x, MARGIN.top, at.x, bottom)] : []),
      ...[...Map.groupBy(data, ({ kind }) => kind)].map(([kind, points]) => {
        const group = svg("g", { class: "series" }),
          sorted = points.toSorted((a, b) => a.level - b.level);
        group.style.setProperty("color", colorOf(kind));
        const path = sorted.map(({ percent, mean }) =>
          `${round(toX(percent))} ${round(toY(mean))}`
        );
        group.append(
          svg("path", { class: "line", d: `M${path.join("L")}` }),
          ...sorted.flatMap(({ percent, mean, min, max, interval, level }) => [
            ...(max > min ? [line("range", toX(percent), toY(min), toX(percent), toY(max))] : []),
            ...(interval
              ? [line("interval", toX(percent), toY(interval[0]), toX(percent), toY(interval[1]))]
              : []),
            mark(kind, toX(percent), toY(mean), level === this.#level ? 6 : 4.5),
          ]),
        );
        return group;
      }),
    );
    this.#plot.replaceChildren(drawing);
    this.#tell();
  }

  /** The levels that are named under the axis: from the last on, those that find room. */
  #named(span: number): Column[] {
    const room = Math.max(TICK_ROOM, span / 24);
    return this.#columns.toReversed().reduce<Column[]>(
      (named, column) =>
        named.every(({ x }) => Math.abs(x - column.x) >= room) ? [...named, column] : named,
      [],
    );
  }

  #tell(): void {
    const level = this.#level, column = this.#columns.find((column) => column.level === level);
    if (!column) return;
    const name = level === 0 ? "Full network" : `Level ${level}`;
    const when = `${name}, ${percentText(column.percent, 1)} of the weights`;
    const items = this.#data.filter((point) => point.level === level).map(
      ({ kind, mean, interval }) => {
        const range = interval
          ? ` (${percentText(interval[0])} to ${percentText(interval[1])})`
          : "";
        return { kind, name: nameOf(kind), value: `${percentText(mean)}${range}` };
      },
    );
    this.#when.textContent = when;
    this.#values.replaceChildren(...items.map(({ kind, name, value }) => {
      const swatch = svg(
        "svg",
        { viewBox: "-5 -5 10 10", "aria-hidden": "true" },
        mark(kind, 0, 0, 4),
      );
      swatch.style.setProperty("color", colorOf(kind));
      return el("li", { class: "readout-text" }, swatch, el("span", {}, name), el("b", {}, value));
    }));
    const words = items.map(({ name, value }) => `${name} ${value}`).join(", ");
    const at = this.#columns.indexOf(column);
    for (
      const [attribute, value] of Object.entries({
        ...{ "aria-label": `${this.options.title}, level by level`, "aria-valuemin": "0" },
        ...{ "aria-valuemax": `${this.#columns.length - 1}`, "aria-valuenow": `${at}` },
        "aria-valuetext": `${when}: ${words}`,
      })
    ) this.#plot.setAttribute(attribute, value);
  }
}

/** A point of a series: controls are squares, and so told from tickets without colour. */
function mark(kind: string, x: number, y: number, size: number): SVGElement {
  if (kind === "ticket") {
    return svg("circle", { class: "point", cx: round(x), cy: round(y), r: size });
  }
  const side = 1.7 * size;
  return svg("rect", {
    ...{
      class: "point",
      x: round(x - side / 2),
      y: round(y - side / 2),
      width: side,
      height: side,
    },
  });
}

/** Tenths of a pixel are seen, more digits are not. */
function round(value: number): number {
  return Math.round(10 * value) / 10;
}
