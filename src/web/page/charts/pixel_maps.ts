/// <reference lib="dom" />
/**
 * Small pictures of the pixels that a network still looks at, one per level: bright where a pixel
 * kept more weights than the mean pixel of that level, dark where fewer.
 */

import { percentText } from "../../../analysis/percent.ts";
import { el } from "../dom.ts";
import { deviations, scaleOf, shade } from "./pixel_shades.ts";

/** One level's picture. */
export interface PixelMap {
  /** "Level 3". */
  label: string;
  level: number;
  /** Weights remaining of the whole network, in percent. */
  percent: number;
  /** Live weights of each input, row by row. */
  live: ArrayLike<number>;
  width: number;
  height: number;
}

function paint(canvas: HTMLCanvasElement, { live, width, height }: PixelMap, scale: number): void {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  deviations(live).forEach((deviation, i) =>
    image.data.set([...shade(deviation, scale), 255], 4 * i)
  );
  context.putImageData(image, 0, 0);
}

/** Pictures that are painted already, by their counts: a new level keeps the others. */
const painted = new WeakMap<ArrayLike<number>, { figure: HTMLElement; scale: number }>();

/** Shows maps in a container, in order; the caller leaves out inputs that are no image. */
export function showPixelMaps(container: HTMLElement, maps: readonly PixelMap[]): void {
  const scale = scaleOf(maps.map(({ live }) => live));
  const figures = maps.map((map) => {
    const known = painted.get(map.live);
    if (known?.scale === scale) return known.figure;
    const blind = Array.from(map.live).filter((count) => count === 0).length;
    const canvas = el("canvas", {
      width: map.width,
      height: map.height,
      role: "img",
      "aria-label": `${map.label}, ${percentText(map.percent, 1)} of the weights: ` +
        `${map.live.length - blind} of ${map.live.length} pixels are still connected`,
    });
    paint(canvas, map, scale);
    const figure = el(
      "figure",
      { class: "map of-level", "data-level": map.level },
      el(
        "button",
        {
          ...{ type: "button", class: "map-choice", "data-level": map.level },
          ...{ "aria-pressed": "false", "aria-label": `Choose ${map.label}` },
        },
        canvas,
      ),
      el("figcaption", {}, el("b", {}, map.label), el("span", {}, percentText(map.percent, 1))),
    );
    painted.set(map.live, { figure, scale });
    return figure;
  });
  const isSame = figures.length === container.children.length &&
    figures.every((figure, i) => figure === container.children[i]);
  if (!isSame) container.replaceChildren(...figures);
}
