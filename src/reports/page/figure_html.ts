/**
 * A figure as HTML: its panels in as many columns as fit, with titles, legend and caption as text.
 */

import type { Legend, LegendItem, Panel } from "../../figures/panels.ts";

/** A panel as it was drawn. */
export interface DrawnPanel extends Omit<Panel, "spec"> {
  svg: string;
}

/** A drawing with what is to be seen in it. */
export interface DrawnFigure {
  /** Name of its files, and its anchor. */
  name: string;
  title: string;
  caption: string;
  /** Its panels, row by row. */
  rows: readonly (readonly DrawnPanel[])[];
  /** The same for narrow pages, where these are too wide; null where they never are. */
  narrow: readonly (readonly DrawnPanel[])[] | null;
  legends: readonly Legend[];
  /** Path of its files from the page's folder, without their endings. */
  path: string;
}

/**
 * The figure.
 *
 * @param prefix of anchors, different for each section of a page
 */
export function figureHtml(figure: DrawnFigure, prefix: string): string {
  const { name, title, caption, rows, narrow, legends, path } = figure;
  const id = `${prefix}${name}`;
  const panels = narrow === null
    ? panelRows(rows, id, title)
    : `<div class="wide">${panelRows(rows, `${id}-w`, title)}</div>
<div class="narrow">${panelRows(narrow, id, title)}</div>`;
  return `<figure id="${id}">
<h3>${escape(title)}</h3>
${legends.map((legend) => legendHtml(legend)).join("")}
${panels}
<figcaption>${escape(caption)}
<span class="files"><a href="${escape(path)}.svg">SVG</a> <a href="${
    escape(path)
  }.vl.json">Vega-Lite</a></span></figcaption>
</figure>`;
}

function panelRows(
  rows: readonly (readonly DrawnPanel[])[],
  id: string,
  title: string,
): string {
  return rows.map((row, r) => {
    const panels = row.map((panel, i) => panelHtml(panel, `${id}-${r}-${i}`, title));
    return `<div class="panels">${panels.join("\n")}</div>`;
  }).join("\n");
}

function panelHtml(panel: DrawnPanel, id: string, of: string): string {
  const { title, subtitle, yTitle, width, svg } = panel, label = title || of;
  const words = [yTitle, subtitle].filter((text) => text !== null).map(escape).join("<br>");
  const drawing = own(svg, id)
    .replace("<svg ", `<svg role="img" aria-label="${escape(label)}" `);
  return `<div class="panel" style="width: ${width / 16}rem">${
    title ? `<h4>${escape(title)}</h4>` : ""
  }${words ? `<p class="axis">${words}</p>` : ""}${drawing}</div>`;
}

/** The drawing without its head; what it names is of its own, not another drawing's of the page. */
function own(svg: string, id: string): string {
  return svg.slice(svg.indexOf("<svg"))
    .replace(/ id="([^"]+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${id}-$1)`);
}

function legendHtml({ title, items, gradient }: Legend): string {
  const head = title === null ? "" : `<span class="of">${escape(title)}</span> `;
  if (gradient) {
    const { colors, labels } = gradient;
    return `<p class="legend">${head}<span class="gradient"><span class="bar" ` +
      `style="background: linear-gradient(to right, ${colors.join(", ")})"></span>` +
      `<span class="ends">${labels.map((text) => `<span>${escape(text)}</span>`).join("")}</span>` +
      "</span></p>";
  }
  return `<p class="legend">${head}${
    items.map((item) => `<span class="item">${swatch(item)}${escape(item.label)}</span>`).join(" ")
  }</p>`;
}

/** Paths of Vega's point shapes in a square of 12. */
const SHAPES: Readonly<Record<string, string>> = {
  circle: "M2 6a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
  square: "M2 2h8v8h-8z",
  "triangle-up": "M6 1.5L10.8 10H1.2z",
  "triangle-down": "M6 10.5L10.8 2H1.2z",
  "triangle-left": "M1.5 6L10 1.2V10.8z",
  "triangle-right": "M10.5 6L2 1.2V10.8z",
  stroke: "M1 5h10v2h-10z",
  diamond: "M6 1L10.5 6L6 11L1.5 6z",
  cross: "M4.4 1.5h3.2v2.9h2.9v3.2h-2.9v2.9h-3.2v-2.9h-2.9v-3.2h2.9z",
};

function swatch({ color, shape, isDashed }: LegendItem): string {
  const ink = color ?? "#222222";
  const drawn = color !== null && shape === null && !isDashed
    ? `<path d="M1 3h10v6h-10z" fill="${ink}"/>`
    : shape === null
    ? `<path d="M0 6h18" stroke="${ink}" stroke-width="2.5" fill="none"${
      isDashed ? ' stroke-dasharray="5 3"' : ""
    }/>`
    : `<path d="${SHAPES[shape] ?? SHAPES.circle}" fill="${ink}"/>`;
  const width = color === null ? 18 : 12;
  return `<svg class="swatch" width="${width}" height="12" aria-hidden="true">${drawn}</svg>`;
}

/** Text as it stands in HTML, also between quotes. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
