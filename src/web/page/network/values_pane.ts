/// <reference lib="dom" />
/**
 * Draws values on one axis: above, all live weights of the first layer as a histogram; below, each
 * sampled one in a row of its own, a ring where it started and a dot where it is.
 */

import { BINS, edge, firstSize, type NetworkSample } from "../../weights/sample.ts";
import { svg } from "../dom.ts";
import { set } from "./network_pane.ts";
import { distanceToLine, nearest } from "./picking.ts";
import type { Pane, PaneState, Place } from "./panes.ts";

const TOP = 26, BOTTOM = 38, SIDE = 6;
/** The histogram's part of the height. */
const HISTOGRAM = 0.34;
/** How near a pointer must be to a dot or its trail, in pixels. */
const REACH = 9;
/** Between the histogram and the rows. */
const GAP = 26;

/** A round number of about this size: 1, 2 or 5 times a power of ten. */
function roundBelow(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return [5, 2, 1].map((n) => n * power).find((n) => n <= size * 1.0001)!;
}

/** Values of the first layer. */
export class ValuesPane implements Pane {
  readonly element = svg("g", { class: "values" });
  readonly #count: number;
  readonly #trails: SVGLineElement[];
  readonly #rings: SVGCircleElement[];
  readonly #dots: SVGCircleElement[];
  readonly #bars = svg("path", { class: "bars" });
  readonly #cutBars = svg("path", { class: "bars cut" });
  readonly #band = svg("rect", { class: "band" });
  readonly #edges = [svg("line", { class: "threshold" }), svg("line", { class: "threshold" })];
  readonly #limit = svg("text", { class: "limit" });
  readonly #title = svg("text", { class: "pane-title" });
  readonly #above = svg("text", { class: "axis" });
  readonly #below = svg("text", { class: "axis" });
  readonly #base = svg("line", { class: "base" });
  readonly #zero = svg("line", { class: "grid" });
  /** Of its values: below zero, zero, above. */
  readonly #ticks = [-1, 0, 1].map((sign) => ({
    sign,
    text: svg("text", { class: "axis", "text-anchor": "middle" }),
  }));
  #reach = 1;
  #state: PaneState | null = null;
  #picked: number | null = null;
  readonly #axis = svg("text", { class: "axis", "text-anchor": "middle" }, "value of a weight");
  /** By connection: its row, by where it starts. */
  readonly #rows: number[];
  #place: Place = { x: 0, width: 300, height: 300, titled: false };

  /** @param begun where the full network's connections start */
  constructor(
    private readonly sample: NetworkSample,
    title: string,
    begun: Float32Array,
  ) {
    this.#count = firstSize(sample);
    const indices = Array.from({ length: this.#count }, (_, i) => i);
    this.#rows = indices.slice();
    indices.sort((a, b) => begun[b] - begun[a]).forEach((i, row) => this.#rows[i] = row);
    this.#trails = indices.map(() => svg("line", { class: "trail" }));
    this.#rings = indices.map(() => svg("circle", { class: "ring", r: 4 }));
    this.#dots = indices.map(() => svg("circle", { r: 2.75 }));
    this.#title.textContent = title;
    this.element.append(
      ...[this.#band, this.#zero, this.#bars, this.#cutBars, this.#base, ...this.#edges],
      ...[...this.#trails, ...this.#rings, ...this.#dots, this.#limit, this.#above, this.#below],
      ...[...this.#ticks.map(({ text }) => text), this.#axis, this.#title],
    );
  }

  #x(value: number): number {
    const { x, width } = this.#place, half = width / 2 - SIDE;
    return x + width / 2 + Math.max(-1, Math.min(1, value / this.#reach)) * half;
  }

  get #floor(): number {
    return TOP + HISTOGRAM * (this.#place.height - TOP - BOTTOM);
  }

  #y(row: number): number {
    const top = this.#floor + GAP, bottom = this.#place.height - BOTTOM - 4;
    return top + (bottom - top) * (row + 0.5) / this.#count;
  }

  place(place: Place): void {
    this.#place = place;
    const { x, width, height, titled } = place, isWide = width > 240;
    this.#rows.forEach((row, i) => {
      const y = this.#y(row);
      set(this.#trails[i], { y1: y, y2: y });
      set(this.#rings[i], { cy: y });
      set(this.#dots[i], { cy: y });
    });
    const bottom = height - BOTTOM;
    set(this.#zero, { x1: this.#x(0), x2: this.#x(0), y1: TOP, y2: bottom });
    set(this.#base, { x1: x, x2: x + width, y1: this.#floor, y2: this.#floor });
    for (const { text } of this.#ticks) set(text, { y: bottom + 14 });
    this.#showTicks();
    set(this.#axis, { x: x + width / 2, y: height - 6 });
    set(this.#title, { x, y: 14 });
    this.#title.toggleAttribute("hidden", !titled);
    set(this.#above, { x, y: TOP + 4 });
    set(this.#below, { x, y: this.#floor + 16 });
    for (const text of [this.#above, this.#below]) text.toggleAttribute("hidden", !isWide);
  }

  #showTicks(): void {
    const tick = roundBelow(this.#reach * 0.8);
    for (const { sign, text } of this.#ticks) {
      text.textContent = `${sign < 0 ? "−" : ""}${sign === 0 ? 0 : tick}`;
      set(text, { x: this.#x(sign * tick) });
    }
  }

  at(x: number, y: number): number | null {
    const state = this.#state;
    if (!state) return null;
    return nearest(this.#count, (i) => {
      if (!(state.presence[i] > 0)) return Infinity;
      const row = this.#y(this.#rows[i]);
      const ends = [state.begun[i], state.values[i]].map((value) => [this.#x(value), row] as const);
      return distanceToLine([x, y], ends[0], ends[1]);
    }, REACH);
  }

  mark(connection: number | null): void {
    this.#picked = connection;
    if (this.#state) this.show(this.#state);
  }

  show(state: PaneState): void {
    this.#state = state;
    const { values, presence, marked, begun, bins, live, top, threshold, reach } = state;
    if (reach !== this.#reach) {
      this.#reach = reach;
      this.#showTicks();
    }
    let shown = 0;
    for (let i = 0; i < this.#count; i++) {
      const picked = i === this.#picked ? " is-picked" : "";
      const there = presence[i], x = this.#x(values[i]), from = this.#x(begun[i]);
      if (there > 0.5) shown++;
      const opacity = there.toFixed(2);
      set(this.#trails[i], { x1: from, x2: x, opacity, class: `trail${picked}` });
      set(this.#rings[i], { cx: from, opacity, class: `ring${picked}` });
      set(this.#dots[i], {
        cx: x,
        opacity,
        class: `dot ${marked[i] > 0 ? "cut" : values[i] < 0 ? "below" : "above"}${picked}`,
      });
    }
    this.#above.textContent = `All ${Math.round(live).toLocaleString("en")} weights from the input`;
    this.#below.textContent = `${shown} of them, a dot each`;
    this.#showBars(bins, top, threshold);
    const isCutting = threshold !== null && threshold > 0;
    for (const element of [this.#band, this.#limit, ...this.#edges]) {
      element.toggleAttribute("hidden", !isCutting);
    }
    if (threshold === null || threshold <= 0) return;
    const left = this.#x(-threshold), right = this.#x(threshold);
    const bottom = this.#place.height - BOTTOM;
    set(this.#band, { x: left, y: TOP, width: right - left, height: bottom - TOP });
    this.#edges.forEach((line, e) => {
      const x = e === 0 ? left : right;
      set(line, { x1: x, x2: x, y1: TOP, y2: bottom });
    });
    set(this.#limit, { x: right + 5, y: this.#floor + 16 });
    this.#limit.textContent = `±${threshold.toPrecision(2)}`;
  }

  #showBars(bins: ArrayLike<number>, top: number, threshold: number | null): void {
    const floor = this.#floor, tall = floor - TOP - 12;
    let kept = "", cut = "";
    for (let bin = 0; bin < BINS; bin++) {
      const height = Math.min(1, bins[bin] / top) * tall;
      const low = edge(this.sample, bin), high = edge(this.sample, bin + 1);
      if (height < 0.2 || high < -this.#reach || low > this.#reach) continue;
      const x = this.#x(low) + 0.4, width = Math.max(0.5, this.#x(high) - this.#x(low) - 0.8);
      const bar = `M${x.toFixed(1)} ${floor}v${(-height).toFixed(1)}h${width.toFixed(1)}V${floor}z`;
      const middle = Math.abs(low + high) / 2;
      if (threshold !== null && middle <= threshold) cut += bar;
      else kept += bar;
    }
    set(this.#bars, { d: kept });
    set(this.#cutBars, { d: cut });
  }
}
