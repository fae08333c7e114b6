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
/** Room for the title above and the names below, and beside the last column. */
const TOP = 26, BOTTOM = 26, SIDE = 10;
/** Columns are not named where a drawing is narrower, in pixels. */
const LEAST_NAMED = 400;
/** A digit, faint, in a square of 1: these are pixels of an image. */
const DIGIT = "M.32 .3C.42 .14 .7 .16 .68 .36C.67 .48 .56 .5 .47 .5C.6 .5 .72 .55 .71 .69" +
  "C.69 .88 .4 .88 .3 .74";
/** How near a pointer must be to a line, in pixels. */
const REACH = 7;
/** Parts of the width: the image, the first column of units, the second. */
const COLUMNS = [0.42, 0.73, 1];

/** The network. */
export class NetworkPane implements Pane {
  readonly element = svg("g", { class: "connections" });
  readonly #lines: SVGLineElement[];
  readonly #ends: [from: number, to: number][] = [];
  readonly #circles: SVGElement[];
  readonly #frame = svg("rect", { class: "image", rx: 3 });
  readonly #digit = svg("path", { class: "digit", d: DIGIT });
  readonly #title = svg("text", { class: "pane-title" });
  readonly #names: SVGTextElement[];
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
    this.#names = [places ? "pixels" : "inputs", "first layer", "second layer"]
      .slice(0, layers.length + 1).map((name) => svg("text", { class: "axis" }, name));
    this.#title.textContent = title;
    for (const mark of [this.#frame, this.#digit]) {
      mark.toggleAttribute("hidden", places === null);
    }
    this.element.append(
      ...[this.#frame, this.#digit, ...this.#lines, ...this.#circles, ...this.#names, this.#title],
    );
  }

  place({ x, width, height, titled }: Place): void {
    const { places } = this.sample;
    const inner = height - TOP - BOTTOM, span = width - SIDE;
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
    this.#names.forEach((name, c) => {
      const anchor = c === 0 ? "start" : c === columns - 1 ? "end" : "middle";
      const at = c === 0 ? x : c === columns - 1 ? x + width : x + COLUMNS[c] * span;
      set(name, { x: at, y: height - 6, "text-anchor": anchor });
      name.toggleAttribute("hidden", !isWide);
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
