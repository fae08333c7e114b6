/// <reference lib="dom" />
/**
 * The last pruning as the page draws it: for each layer the weights by their score, a line where
 * the pruned and the kept part. An inline drawing in the page's own colours.
 */

import type { ScoreHistogram } from "../../../analysis/score_histogram.ts";
import { scoreText } from "../../../figures/score_text.ts";
import type { PruningScores } from "../../messages.ts";
import { el, svg } from "../dom.ts";
import { ticks } from "./line_values.ts";

/** In units of the drawing, which is as wide as its place. */
const SIZE = { width: 340, height: 190 };
const MARGIN = { left: 48, right: 8, top: 22, bottom: 24 };
const RIGHT = SIZE.width - MARGIN.right, BOTTOM = SIZE.height - MARGIN.bottom;

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
const numbered = (count: number) => count.toLocaleString("en");

/** "level 3" of a network's level. */
const levelWords = (level: number) => level === 0 ? "the full network" : `level ${level}`;

/** Which pruning is shown, and what its pictures do not say, in sentences. */
export function scoreNote({ level, next, histograms }: PruningScores): string {
  const infinite = sum(histograms.map(({ infinite }) => infinite.kept + infinite.pruned));
  const hasLine = histograms.some(({ threshold }) => threshold !== null);
  return [
    `This is the step from ${levelWords(level)} to ${levelWords(next)}.`,
    ...(infinite > 0
      ? [`${numbered(infinite)} weights that changed sign are not shown: they go first.`]
      : []),
    ...(hasLine || infinite > 0
      ? []
      : ["Here more than these scores decided, so that no line parts them."]),
  ].join(" ");
}

const ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"];

/** "First layer". */
const layerName = (i: number) => `${ORDINALS[i] ?? `${i + 1}th`} layer`;

/** Shows a pruning in a container. */
export function showScores(container: HTMLElement, { histograms }: PruningScores): void {
  container.replaceChildren(...histograms.map((histogram, i) => {
    const layer = layerName(i), { pruned, kept, infinite } = histogram;
    const gone = sum(pruned) + infinite.pruned, all = gone + sum(kept) + infinite.kept;
    return el(
      "figure",
      { class: "scores" },
      draw(histogram, `${layer}: ${inWords(histogram, gone, all)}`),
      el(
        "figcaption",
        {},
        el("b", {}, layer),
        el("span", {}, `${numbered(gone)} of ${numbered(all)} pruned`),
      ),
    );
  }));
}

function inWords({ edges, threshold }: ScoreHistogram, gone: number, all: number): string {
  const range = `scores from ${scoreText(edges[0])} to ${scoreText(edges.at(-1)!)}`;
  const line = threshold === null ? "" : `, those with a score up to ${scoreText(threshold)}`;
  return `of ${numbered(all)} weights, ${numbered(gone)} were pruned${line}; ${range}`;
}

function draw(histogram: ScoreHistogram, words: string): SVGElement {
  const { isLog, edges, pruned, kept, threshold } = histogram;
  const scale = isLog ? Math.log : (value: number) => value;
  const low = scale(edges[0]), high = scale(edges.at(-1)!);
  const toX = (score: number) =>
    MARGIN.left + (scale(score) - low) / (high - low) * (RIGHT - MARGIN.left);
  const peak = Math.max(1, ...pruned.map((count, i) => count + kept[i]));
  const toY = (count: number) => BOTTOM - count / peak * (BOTTOM - MARGIN.top);
  const bars = (from: (i: number) => number, to: (i: number) => number) =>
    pruned.map((_, i) => {
      if (to(i) === from(i)) return "";
      const [x, end] = [toX(edges[i]) + 0.4, toX(edges[i + 1]) - 0.4].map(round);
      return `M${x} ${round(toY(from(i)))}V${round(toY(to(i)))}H${end}V${round(toY(from(i)))}Z`;
    }).join("");
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
      role: "img",
      "aria-label": words,
    },
    ...ticks(0, peak, 2).map((count) =>
      svg("path", { class: "grid", d: `M${MARGIN.left} ${round(toY(count))}H${RIGHT}` })
    ),
    ...ticks(0, peak, 2).map((count) =>
      label(numbered(count), MARGIN.left - 6, toY(count) + 4, "end")
    ),
    svg("path", { class: "pruned", d: bars(() => 0, (i) => pruned[i]) }),
    svg("path", { class: "kept", d: bars((i) => pruned[i], (i) => pruned[i] + kept[i]) }),
    ...scoreTicks(histogram).map((score) => {
      const x = toX(score);
      const anchor = x > RIGHT - 16 ? "end" : x < MARGIN.left + 12 ? "start" : "middle";
      return label(scoreText(score), x, BOTTOM + 17, anchor);
    }),
  );
  if (threshold === null) return drawing;
  // A logarithmic axis has no 0: scores of 0 are in the first bar.
  const x = toX(Math.max(threshold, isLog ? edges[1] : threshold));
  const isLate = x > MARGIN.left + 0.67 * (RIGHT - MARGIN.left);
  const value = label(scoreText(threshold), x + (isLate ? -6 : 6), 14, isLate ? "end" : "start");
  value.classList.add("threshold");
  drawing.append(svg("path", { class: "line", d: `M${round(x)} 3V${BOTTOM}` }), value);
  return drawing;
}

function label(text: string, x: number, y: number, anchor: "start" | "middle" | "end") {
  return svg("text", { x: round(x), y: round(y), "text-anchor": anchor }, text);
}

/** Round scores under the axis: on a logarithmic one powers of ten. */
function scoreTicks({ isLog, edges }: ScoreHistogram): number[] {
  const [low, high] = [edges[0], edges.at(-1)!];
  if (!isLog) return ticks(low, high, 4);
  return ticks(Math.log10(low), Math.log10(high), 4).filter(Number.isInteger)
    .map((power) => 10 ** power);
}

/** Tenths of a unit are seen, more digits are not. */
function round(value: number): number {
  return Math.round(10 * value) / 10;
}
