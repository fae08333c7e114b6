/// <reference lib="dom" />
/**
 * The two drawings of a network, as a network and as values on an axis; each has a second pane for
 * the control, which comes out from behind the ticket's.
 */

import type { RunWeights } from "../../weights/sample.ts";
import { el, svg } from "../dom.ts";
import { NetworkPane } from "./network_pane.ts";
import type { Pane, PaneState } from "./panes.ts";
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
  #scene: Scene | null = null;
  #reach = 1;
  readonly #resizes = new ResizeObserver(() => this.#redraw());

  /** @param full the full network */
  constructor(full: RunWeights) {
    const { sample, frames } = full, begun = frames[0].values;
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
