/// <reference lib="dom" />
/**
 * Draws the sampled connections as a network: pixels at their places in the image, then units in
 * columns. Lines are as thick as their values are far from zero, and of two colours by their sign.
 */

import type { NetworkSample } from "../../weights/sample.ts";
import { svg } from "../dom.ts";
import { distanceToLine, nearest } from "./picking.ts";
import type { Pane, PaneState, Place } from "./panes.ts";

/** Width of a line per usual distance of a value from zero, its least and its most, in pixels. */
const WIDTH = { per: 1.15, least: 0.3, most: 5 };
/** Room for the title above and the names below, beside the last column, and for its classes. */
const TOP = 26, BOTTOM = 42, SIDE = 10, CLASS_SIDE = 14;
/** Names of columns are short where a drawing is narrower, in pixels, and two deep in less. */
const LEAST_NAMED = 400, LEAST_ABREAST = 300;
/** A digit, faint, in a square of 1: these are pixels of an image. */
const DIGIT = "M.32 .3C.42 .14 .7 .16 .68 .36C.67 .48 .56 .5 .47 .5C.6 .5 .72 .55 .71 .69" +
  "C.69 .88 .4 .88 .3 .74";
/** How near a pointer must be to a line, in pixels. */
const REACH = 7;
/** Parts of the width: the image, the first column of units, the second. */
const COLUMNS = [0.42, 0.73, 1];

/** What a column of the drawing is: its name, a shorter one, and how much of it is drawn. */
interface ColumnName {
  name: string;
  short: string;
  share: string;
}

/** The names of the columns, from the input on. */
function columnNames({ layers, places, hasOutput }: NetworkSample): ColumnName[] {
  const [{ rows, size, width }] = layers, inputs = size / width;
  const drawn = (some: number, all: number, noun: string) =>
    some === all ? `all ${all} ${noun}` : `${some} of ${all.toLocaleString("en")} ${noun}`;
  const hidden = hasOutput ? layers.length - 1 : layers.length;
  return [
    {
      name: "Input",
      short: "input",
      share: drawn(rows.length, inputs, places ? "pixels" : "values"),
    },
    ...layers.map(({ columns, width }, l) =>
      l < hidden
        ? {
          name: `Hidden layer${hidden > 1 ? ` ${l + 1}` : ""}`,
          short: `hidden${hidden > 1 ? ` ${l + 1}` : ""}`,
          share: drawn(columns.length, width, "units"),
        }
        : { name: "Output", short: "output", share: drawn(columns.length, width, "classes") }
    ),
  ];
}

/** The network. */
export class NetworkPane implements Pane {
  readonly element = svg("g", { class: "connections" });
  readonly #lines: SVGLineElement[];
  readonly #ends: [from: number, to: number][] = [];
  readonly #circles: SVGElement[];
  readonly #frame = svg("rect", { class: "image", rx: 3 });
  readonly #digit = svg("path", { class: "digit", d: DIGIT });
  readonly #title = svg("text", { class: "pane-title" });
  readonly #names: { words: ColumnName; name: SVGTextElement; share: SVGTextElement }[];
  /** Beside the units of the output: the class of each. */
  readonly #classes: SVGTextElement[];
  /** The usual distance from zero of each connection's layer. */
  readonly #scales: number[];
  readonly #columns: number[][];
  #points: [x: number, y: number][] = [];
  #presence: ArrayLike<number> = [];
  #picked: number | null = null;

  constructor(private readonly sample: NetworkSample, title: string) {
    const { layers, places } = sample;
    let next = 0;
    const numbered = (count: number) => Array.from({ length: count }, () => next++);
    this.#columns = [
      numbered(layers[0].rows.length),
      ...layers.map(({ columns }) => numbered(columns.length)),
    ];
    layers.forEach((_, l) => {
      for (const from of this.#columns[l]) {
        for (const to of this.#columns[l + 1]) this.#ends.push([from, to]);
      }
    });
    this.#scales = layers.flatMap(({ rows, columns, width, size }) =>
      new Array<number>(rows.length * columns.length).fill(Math.sqrt(2 / (size / width + width)))
    );
    this.#lines = this.#ends.map(() => svg("line"));
    this.#circles = Array.from(
      { length: next },
      (_, i) =>
        places && i < layers[0].rows.length
          ? svg("rect", { class: "pixel", width: 6, height: 6, rx: 1 })
          : svg("circle", { r: 5.5 }),
    );
    this.#names = columnNames(sample).map((words) => ({
      words,
      name: svg("text", { class: "axis column" }),
      share: svg("text", { class: "axis" }, words.share),
    }));
    this.#classes = sample.hasOutput
      ? layers.at(-1)!.columns.map((column) => svg("text", { class: "axis" }, `${column}`))
      : [];
    this.#title.textContent = title;
    for (const mark of [this.#frame, this.#digit]) {
      mark.toggleAttribute("hidden", places === null);
    }
    this.element.append(
      ...[this.#frame, this.#digit, ...this.#lines, ...this.#circles, ...this.#classes],
      ...[...this.#names.flatMap(({ name, share }) => [name, share]), this.#title],
    );
  }

  place({ x, width, height, titled }: Place): void {
    const { places, hasOutput } = this.sample;
    const inner = height - TOP - BOTTOM, span = width - SIDE - (hasOutput ? CLASS_SIDE : 0);
    const isWide = width > LEAST_NAMED;
    const side = Math.min(inner, COLUMNS[0] * span);
    const top = TOP + (inner - side) / 2;
    const columns = this.#columns.length;
    this.#points = this.#columns.flatMap((units, c) =>
      units.map((_, i): [number, number] => {
        if (c === 0 && places) return [x + places[i][0] * side, top + places[i][1] * side];
        const share = columns === 2 && c === 1 ? 1 : COLUMNS[c];
        const across = c === 0 ? SIDE : share * span;
        return [x + across, TOP + inner * (i + 0.5) / units.length];
      })
    );
    this.#points.forEach(([x, y], i) => {
      const mark = this.#circles[i];
      if (mark.tagName === "rect") set(mark, { x: x - 3, y: y - 3 });
      else set(mark, { cx: x, cy: y, r: isWide ? 5.5 : 4 });
    });
    this.#ends.forEach(([from, to], i) => {
      const [x1, y1] = this.#points[from], [x2, y2] = this.#points[to];
      set(this.#lines[i], { x1, y1, x2, y2 });
    });
    set(this.#frame, { x, y: top, width: side, height: side });
    set(this.#digit, { transform: `translate(${x} ${top}) scale(${side})` });
    const lastUnits = this.#points.slice(-this.#columns.at(-1)!.length);
    this.#classes.forEach((text, i) =>
      set(text, { x: lastUnits[i][0] + 10, y: lastUnits[i][1] + 4 })
    );
    this.#names.forEach(({ words, name, share }, c) => {
      const anchor = c === 0 ? "start" : c === columns - 1 ? "end" : "middle";
      const at = c === 0 ? x : c === columns - 1 ? x + width : x + COLUMNS[c] * span;
      // Where two names would touch, the middle one is lower.
      const lower = width < LEAST_ABREAST && anchor === "middle" ? 14 : 0;
      name.textContent = isWide ? words.name : words.short;
      set(name, { x: at, y: height - 22 + lower, "text-anchor": anchor });
      set(share, { x: at, y: height - 6, "text-anchor": anchor });
      share.toggleAttribute("hidden", !isWide);
    });
    set(this.#title, { x, y: 14 });
    this.#title.toggleAttribute("hidden", !titled);
  }

  at(x: number, y: number): number | null {
    return nearest(this.#ends.length, (i) => {
      if (!(this.#presence[i] > 0)) return Infinity;
      const [from, to] = this.#ends[i];
      return distanceToLine([x, y], this.#points[from], this.#points[to]);
    }, REACH);
  }

  mark(connection: number | null): void {
    this.#lines.forEach((line, i) => line.classList.toggle("is-picked", i === connection));
    this.#picked = connection;
  }

  show({ values, presence, marked }: PaneState): void {
    this.#presence = presence;
    this.#lines.forEach((line, i) => {
      const size = Math.abs(values[i]) / this.#scales[i], there = presence[i];
      const kind = marked[i] > 0 ? "cut" : values[i] < 0 ? "below" : "above";
      set(line, {
        class: i === this.#picked ? `${kind} is-picked` : kind,
        "stroke-width": Math.min(WIDTH.most, WIDTH.least + WIDTH.per * size).toFixed(2),
        "stroke-opacity": (there * Math.min(1, 0.25 + 0.4 * size)).toFixed(2),
      });
    });
  }
}

/** Sets attributes that differ. */
export function set(element: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = typeof value === "number" ? `${Math.round(100 * value) / 100}` : value;
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}
