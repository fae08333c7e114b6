/// <reference lib="dom" />
/**
 * Small pictures of the pixels that a network still looks at, one per level: the more live weights
 * a pixel has, the deeper its colour.
 */

import { percentText } from "../../../analysis/percent.ts";
import { rgb } from "../colors.ts";
import { el } from "../dom.ts";

/** One level's picture. */
export interface PixelMap {
  /** "Level 3". */
  label: string;
  /** Weights remaining of the whole network, in percent. */
  percent: number;
  /** Live weights of each input, row by row. */
  live: ArrayLike<number>;
  /** Weights that each input had at first. */
  most: number;
  width: number;
  height: number;
}

function paint(canvas: HTMLCanvasElement, { live, most, width, height }: PixelMap): void {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  const empty = rgb("--raised"), full = rgb("--accent");
  for (let i = 0; i < width * height; i++) {
    const share = Math.min(1, live[i] / most);
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = empty[c] + share * (full[c] - empty[c]);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Pictures that are painted already, by their counts: a new level keeps the others. */
let painted = new WeakMap<ArrayLike<number>, HTMLElement>();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  painted = new WeakMap();
});

/** Shows maps in a container, in order; the caller leaves out inputs that are no image. */
export function showPixelMaps(container: HTMLElement, maps: readonly PixelMap[]): void {
  const figures = maps.map((map) => {
    const known = painted.get(map.live);
    if (known) return known;
    const blind = Array.from(map.live).filter((count) => count === 0).length;
    const canvas = el("canvas", {
      width: map.width,
      height: map.height,
      role: "img",
      "aria-label": `${map.label}, ${percentText(map.percent, 1)} of the weights: ` +
        `${map.live.length - blind} of ${map.live.length} pixels are still connected`,
    });
    paint(canvas, map);
    const figure = el(
      "figure",
      { class: "map" },
      canvas,
      el("figcaption", {}, el("b", {}, map.label), el("span", {}, percentText(map.percent, 1))),
    );
    painted.set(map.live, figure);
    return figure;
  });
  const isSame = figures.length === container.children.length &&
    figures.every((figure, i) => figure === container.children[i]);
  if (!isSame) container.replaceChildren(...figures);
}
