/// <reference lib="dom" />
/**
 * The two drawings of a network, as a network and as values on an axis; each has a second pane for
 * the control, which comes out from behind the ticket's.
 */

import type { NetworkSample, RunWeights } from "../../weights/sample.ts";
import { el, svg } from "../dom.ts";
import { NetworkPane } from "./network_pane.ts";
import type { Pane, PaneState } from "./panes.ts";
import { connectionWords, valueText } from "./picking.ts";
import type { Scene } from "./scene.ts";
import { ValuesPane } from "./values_pane.ts";

/** Between two panes, in pixels. */
const GAP = 20;
/** Height of a drawing by its width, and its limits, in pixels. */
const TALL = { share: 0.66, least: 250, most: 430 };

/** The drawings of one network; of another one they are made anew. */
export class Picture {
  readonly element = el("div", { class: "net-picture" });
  readonly #drawings: { svg: SVGSVGElement; panes: [ticket: Pane, control: Pane]; key: string }[];
  readonly #sample: NetworkSample;
  #scene: Scene | null = null;
  #reach = 1;
  #picked: number | null = null;
  readonly #resizes = new ResizeObserver(() => this.#redraw());

  /**
   * @param full the full network
   * @param say  shows which connection is under the pointer, and its values; empty: none
   */
  constructor(full: RunWeights, private readonly say: (words: string) => void) {
    const { sample, frames } = full, begun = frames[0].values;
    this.#sample = sample;
    const pane = (make: (title: string) => Pane): [Pane, Pane] => [make("Ticket"), make("Control")];
    this.#drawings = [
      pane((title) => new NetworkPane(sample, title)),
      pane((title) => new ValuesPane(sample, title, begun)),
    ].map((panes) => ({
      panes,
      svg: svg("svg", { "aria-hidden": "true" }, ...panes.map(({ element }) => element)),
      key: "",
    }));
    this.element.append(...this.#drawings.map(({ svg }) => svg));
    for (const { svg, panes } of this.#drawings) {
      for (const type of ["pointermove", "pointerdown"] as const) {
        svg.addEventListener(type, ({ offsetX, offsetY }) => this.#point(panes, offsetX, offsetY));
      }
      svg.addEventListener("pointerleave", () => this.#pick(null));
      panes[1].element.classList.add("of-control");
      this.#resizes.observe(svg);
    }
  }

  /** Stops watching its size. */
  destroy(): void {
    this.#resizes.disconnect();
    this.element.remove();
  }

  /** Shows a moment; `reach` is the largest value that the axis shows. */
  show(scene: Scene, reach: number): void {
    this.#scene = scene;
    this.#reach = reach;
    this.#redraw();
    if (this.#picked !== null) this.#tell();
  }

  #point(panes: readonly Pane[], x: number, y: number): void {
    const isControl = this.#scene?.control && panes[1].at(x, y) !== null;
    this.#pick(isControl ? panes[1].at(x, y) : panes[0].at(x, y));
  }

  /** Marks a connection in all panes. */
  #pick(connection: number | null): void {
    if (connection !== this.#picked) {
      this.#picked = connection;
      this.element.classList.toggle("has-pick", connection !== null);
      for (const { panes } of this.#drawings) for (const pane of panes) pane.mark(connection);
    }
    this.#tell();
  }

  #tell(): void {
    const i = this.#picked, scene = this.#scene;
    if (i === null || !scene) return this.say("");
    const ticket = `started at ${valueText(scene.begun[i])}, is at ${valueText(scene.values[i])}`;
    const control = scene.control && scene.control.share === 1
      ? `; the control is at ${valueText(scene.control.values[i])}`
      : "";
    this.say(`${connectionWords(this.#sample, i)}: ${ticket}${control}`);
  }

  #redraw(): void {
    const scene = this.#scene;
    if (!scene) return;
    const share = scene.control?.share ?? 0;
    const ticket: PaneState = { ...scene, reach: this.#reach };
    const control: PaneState | null = scene.control && {
      ...ticket,
      values: scene.control.values,
      bins: scene.control.bins,
    };
    for (const drawing of this.#drawings) {
      const { svg, panes } = drawing, width = Math.round(svg.clientWidth);
      if (width === 0) continue;
      const height = Math.round(
        Math.min(TALL.most, Math.max(TALL.least, TALL.share * width)),
      );
      const key = `${width} ${share}`;
      if (key !== drawing.key) {
        drawing.key = key;
        svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        svg.setAttribute("height", `${height}`);
        const aside = share * (width + GAP) / 2, titled = share > 0;
        panes[0].place({ x: 0, width: width - aside, height, titled });
        panes[1].place({ x: aside, width: width - aside, height, titled });
      }
      panes[0].show(ticket);
      panes[1].element.toggleAttribute("hidden", control === null);
      if (control) panes[1].show(control);
    }
  }
}
