/**
 * Takes a chart of several panels apart: each panel as a specification of its own, of a fixed width
 * and with type of one size, and the legend as data. So a page can set them in as many columns as
 * it has room for, where one wide drawing would shrink with the page.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG } from "./chart_style.ts";
import { SCHEMA } from "./scales.ts";

/** A panel; its titles are not in the drawing. */
export interface Panel {
  title: string;
  /** Under the title. */
  subtitle: string | null;
  /** What its y axis shows, with the unit. */
  yTitle: string | null;
  /** Pixels that it is drawn wide. */
  width: number;
  spec: TopLevelSpec;
}

/** An entry of a legend; what an entry has not is null. */
export interface LegendItem {
  label: string;
  color: string | null;
  /** A point, by Vega's name of its shape. */
  shape: string | null;
  isDashed: boolean;
}

/** The legend of a channel: entries, or a scale of colours. */
export interface Legend {
  title: string | null;
  items: readonly LegendItem[];
  /** Colours at equal distances, and the labels of the ends and the middle. */
  gradient: { colors: readonly string[]; labels: readonly string[] } | null;
}

/** Three stand side by side on a page of 73 rem; one fills a phone. */
const WIDTH = 352;
/** Of charts with more than three columns: four stand side by side. */
const NARROW = 264;
/** Between two panels of a row. */
const GAP = 24;
/** A drawing narrower than that keeps its size: a map, a cell of which is a few pixels. */
const MAP_WIDTH = 230;

/** Of a panel's width; at most as high as the chart has it. */
const HEIGHT = 0.72;

type Json = Record<string, unknown>;

/**
 * The panels of a chart, row by row.
 *
 * @param room pixels that a row of panels takes, where they are not to have their usual width
 */
export function panelsOf(spec: TopLevelSpec, room?: number): Panel[][] {
  const chart = spec as unknown as Json;
  const views = (chart.hconcat ?? chart.concat ?? [chart]) as Json[];
  const columns = chart.concat ? (chart.columns as number) : views.length;
  const usual = columns > 3 ? NARROW : WIDTH;
  const width = room === undefined ? usual : Math.floor((room + GAP) / columns) - GAP;
  const panels = views.map((view) => panelOf(view, chart, width));
  return Array.from(
    { length: Math.ceil(panels.length / columns) },
    (_, row) => panels.slice(row * columns, (row + 1) * columns),
  );
}

function panelOf(view: Json, chart: Json, width: number): Panel {
  const title = view === chart ? null : view.title as { text: string; subtitle?: string } | null;
  const isMap = (view.width as number) < MAP_WIDTH;
  const { config, data } = chart as { config?: Json; data?: unknown };
  const own = structuredClone(view);
  for (const key of ["title", "config", "$schema"]) delete own[key];
  // In a row of panels the first has the title for all.
  const [first] = (chart.hconcat ?? chart.concat ?? []) as Json[];
  const yTitle = isMap ? null : firstTitle(own) ?? (first ? firstTitle(first) : null);
  for (const encoding of encodingsOf(own)) plain(encoding);
  const sizes = isMap ? {} : {
    width,
    height: Math.min(view.height as number, Math.round(HEIGHT * width)),
    autosize: { type: "fit", contains: "padding" },
  };
  return {
    title: title?.text ?? "",
    subtitle: title?.subtitle ?? null,
    yTitle,
    width: isMap ? view.width as number : width,
    spec: {
      $schema: SCHEMA,
      ...(data !== undefined && own.data === undefined ? { data } : {}),
      ...own,
      ...sizes,
      padding: isMap ? 0 : { left: 0, top: 8, right: 10, bottom: 2 },
      config: { ...config, ...PANEL_CONFIG },
    } as unknown as TopLevelSpec,
  };
}

const PANEL_CONFIG = {
  padding: 0,
  axis: {
    ...CHART_CONFIG!.axis,
    labelFontSize: 12,
    titleFontSize: 12,
    titlePadding: 8,
    labelOverlap: true,
  },
};

/** The encodings of a view and of its layers. */
function encodingsOf(view: Json): Json[] {
  const layers = ((view.layer ?? []) as Json[]).flatMap(encodingsOf);
  return view.encoding ? [view.encoding as Json, ...layers] : layers;
}

function firstTitle(view: Json): string | null {
  const titles = encodingsOf(view).map(({ y }) => (y as { title?: unknown } | undefined)?.title);
  return titles.find((title): title is string => typeof title === "string") ?? null;
}

/** Takes out what the page writes itself. */
function plain(encoding: Json): void {
  for (const [name, value] of Object.entries(encoding)) {
    const channel = value as Json;
    if (name === "y") channel.title = null;
    if (name === "x" && channel.axis) (channel.axis as Json).labelOverlap = true;
    if (CHANNELS.includes(name) && "field" in channel) channel.legend = null;
  }
}

const CHANNELS = ["color", "shape", "strokeDash", "size"];

/** The legends of a chart: of each field that is drawn by colour, point or dashes. */
export function legendsOf(spec: TopLevelSpec): Legend[] {
  const chart = spec as unknown as Json;
  const views = (chart.hconcat ?? chart.concat ?? [chart]) as Json[];
  const legends = new Map<string, Legend>();
  for (const encoding of views.flatMap(encodingsOf)) {
    for (const name of CHANNELS) addChannel(legends, name, encoding[name] as Channel | undefined);
  }
  return [...legends.values()];
}

/** A channel of an encoding, as far as legends care. */
interface Channel {
  field?: string;
  type?: string;
  scale?: { domain?: unknown[]; range?: unknown[] } | null;
  legend?: { title?: string | null } | null;
}

function addChannel(legends: Map<string, Legend>, name: string, channel: Channel | undefined) {
  const { field, type, scale, legend } = channel ?? {};
  if (field === undefined || legend === null || !scale?.domain || !scale.range) return;
  const title = legend?.title ?? null, { domain, range } = scale;
  if (type === "quantitative") {
    const labels = domain.map((value) => `${Number((value as number).toPrecision(2))}`);
    const gradient = { colors: range as string[], labels };
    legends.set(field, { title, items: [], gradient });
    return;
  }
  const known = legends.get(field);
  const items = domain.map((label, i): LegendItem => {
    const item = known?.items[i] ??
      { label: `${label}`, color: null, shape: null, isDashed: false };
    if (name === "color") return { ...item, color: `${range[i]}` };
    if (name === "shape") return { ...item, shape: `${range[i]}` };
    return { ...item, isDashed: (range[i] as number[])[1] > 0 };
  });
  legends.set(field, { title: known?.title ?? title, items, gradient: null });
}
