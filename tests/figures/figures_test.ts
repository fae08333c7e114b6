import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TopLevelSpec } from "../../src/npm/vega.ts";
import { connectivitySpec } from "../../src/figures/connectivity_figure.ts";
import { curveSpec } from "../../src/figures/curve_figures.ts";
import {
  degreeSpec,
  layerDensitySpec,
  movementSpec,
  overlapSpec,
} from "../../src/figures/layer_figures.ts";
import { filterSpec, kernelMapSpec } from "../../src/figures/kernel_figures.ts";
import { kernelRows } from "../../src/analysis/kernel_anatomy.ts";
import { methodLayerSpec, methodOverlapSpec } from "../../src/figures/method_figures.ts";
import { levelSpec } from "../../src/figures/level_figures.ts";
import { renderSvg } from "../../src/figures/render_svg.ts";
import { levelMetrics } from "../../src/analysis/study.ts";
import {
  layerRows,
  overlapRows,
  ringPairs,
  type TicketArrays,
  weightGroups,
} from "../../src/analysis/ticket_anatomy.ts";
import { pixelMapSpec, weightSpec } from "../../src/figures/weight_figures.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { percentOf, studyRun } from "../analysis/study_runs.ts";
import { PALETTE } from "../../src/analysis/palette.ts";
import { kernelTable, layerTable } from "../../src/analysis/study_tables.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const text = { title: "A title", subtitle: "a subtitle" };

/** Draws; whatever is written to the console meanwhile is a fault of the specification. */
async function draw(spec: TopLevelSpec): Promise<string> {
  const written: unknown[] = [];
  const { warn, log, error } = console;
  Object.assign(console, {
    warn: (...line: unknown[]) => written.push(line),
    log: (...line: unknown[]) => written.push(line),
    error: (...line: unknown[]) => written.push(line),
  });
  try {
    const svg = await renderSvg(spec);
    assertEquals(written, []);
    assert(!/NaN|undefined|Infinity/.test(svg), "a value that is none was drawn");
    return svg;
  } finally {
    Object.assign(console, { warn, log, error });
  }
}

const texts = (svg: string) =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);

const runs = [1, 2, 3].flatMap((trial) =>
  [0, 1, 2, 3].flatMap((level) =>
    (["ticket", "reinit", "random_sparsity"] as const).map((kind) =>
      studyRun(kind, trial, level, { earlyStopAccuracy: 0.97 + 0.001 * trial - 0.0005 * level })
    )
  )
);

Deno.test("level figure: every kind in its colour, means with both kinds of bars, units on the axes", async () => {
  const data = levelMetrics(runs, ["ticket", "reinit", "random_sparsity"], "earlyStopAccuracy");
  const svg = await draw(
    levelSpec([{ title: "Panel", yTitle: "Test accuracy (%)", data }], text),
  );
  const drawn = texts(svg);
  for (
    const wanted of [
      "A title",
      "a subtitle",
      "Panel",
      "Test accuracy (%)",
      "Weights remaining (%)",
      "Ticket",
      "Reinitialized control",
      "Random sparsity",
      "100",
      "51.2",
    ]
  ) assert(drawn.includes(wanted), `${wanted} is not in ${drawn}`);
  for (const color of [PALETTE.blue, PALETTE.vermillion, PALETTE.orange]) {
    assertStringIncludes(svg, color);
  }
  // 12 means: a thin and a thick bar each.
  assertEquals(svg.match(/<line [^>]*stroke-width="1.5"[^>]*opacity="0.6"/g)?.length, 12);
  assertEquals(svg.match(/<line [^>]*stroke-width="5"/g)?.length, 12);
});

Deno.test("level figure: one trial has no bars, one level and nothing at all are drawn", async () => {
  const one = levelMetrics(runs.filter(({ trial }) => trial === "1"), ["ticket"], "finalAccuracy");
  const svg = await draw(levelSpec([{ title: "P", yTitle: "%", data: one }], text));
  assert(!/stroke-width="5"/.test(svg));
  await draw(levelSpec([{ title: "P", yTitle: "%", data: one.slice(0, 1) }], text));
  await draw(levelSpec([{ title: "P", yTitle: "%", data: [] }], text));
});

const curve = (trial: number, level: number) => ({
  trial: `${trial}`,
  points: Array.from({ length: 300 }, (_, i) => ({
    iteration: 100 * i,
    loss: 2 / (1 + i) + 0.001 * trial,
    accuracy: 0.98 - 0.8 / (1 + i) + 0.001 * trial + 0.001 * level,
  })),
});
const read = ({ accuracy }: { accuracy: number }) => 100 * accuracy;

Deno.test("curve figure: a colour for each density, dashes for reinits, not every point", async () => {
  const group = (kind: "ticket" | "reinit", level: number) => ({
    kind,
    percent: percentOf(level),
    curves: [curve(1, level), curve(2, level)],
  });
  const panels = [
    { title: "Tickets", groups: [group("ticket", 0), group("ticket", 3)] },
    { title: "Both", groups: [group("ticket", 3), group("reinit", 3)] },
  ];
  const spec = curveSpec(panels, { yTitle: "Test accuracy (%)", read }, text);
  const drawn = texts(await draw(spec));
  for (const wanted of ["Weights remaining (%)", "51.2", "Ticket", "Reinitialized control"]) {
    assert(drawn.includes(wanted), `${wanted} is not in ${drawn}`);
  }
  const rows = JSON.parse(JSON.stringify(spec)).hconcat[0].data.values;
  assert(rows.length <= 2 * 80 && rows.length > 2 * 50, `${rows.length} rows`);
  const last = rows.filter((row: { iteration: number }) => row.iteration === 29900);
  assertEquals(last.length, 2, "the end is drawn");
  assert(Math.abs(last[0].mean - 100 * (0.98 - 0.8 / 300 + 0.0015)) < 1e-9);
  assert(last[0].min <= last[0].low && last[0].high <= last[0].max);
});

Deno.test("curve figure: one trial, and trials of which one has other iterations", async () => {
  const metric = { yTitle: "y", read };
  const short = { trial: "2", points: curve(2, 0).points.slice(0, 10) };
  const groups = (curves: ReturnType<typeof curve>[]) => [
    { title: "P", groups: [{ kind: "ticket" as const, percent: 100, curves }] },
  ];
  await draw(curveSpec(groups([curve(1, 0)]), metric, text));
  const spec = curveSpec(groups([curve(1, 0), short]), metric, text);
  assertEquals(JSON.parse(JSON.stringify(spec)).hconcat[0].data.values.length, 10);
  await draw(spec);
});

const LAYERS = [
  { name: "layer0", inputs: 16, units: 5, activation: "relu" as const, useBias: true },
  { name: "layer1", inputs: 5, units: 3, activation: null, useBias: true },
];

function ticket(trial: number, level: number): TicketArrays {
  const stream = new RandomStream([trial, level]);
  const fill = (value: () => number) =>
    Object.fromEntries(LAYERS.map(({ name, inputs, units }) => [name, {
      shape: [inputs, units],
      data: Float32Array.from({ length: inputs * units }, value),
    }]));
  return {
    trial: `${trial}`,
    level,
    percent: percentOf(level),
    masks: fill(() => Number(stream.uniform() < 0.8 ** level)),
    initial: fill(() => stream.uniform() - 0.5),
    final: fill(() => stream.uniform() - 0.5),
  };
}

Deno.test("the layers of a convolutional ticket: densities and movement, nothing of neurons", async () => {
  const layers = networkLayers(parseHidden("conv2x2:2,pool,3"), [4, 4], 2);
  const shapes = { layer0: [2, 2, 1, 2], layer1: [8, 3], layer2: [3, 2] };
  const fill = (value: (i: number) => number) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const size = shape.reduce((a, b) => a * b);
        return [name, { shape, data: Float32Array.from({ length: size }, (_, i) => value(i)) }];
      }),
    );
  const rows = [1, 2].flatMap((level) =>
    layerRows({
      ...{ trial: "1", level, percent: 50 / level, masks: fill((i) => i % 4 < 3 - level ? 1 : 0) },
      ...{ initial: fill((i) => i), final: fill((i) => i + 0.5) },
    }, parametersOf(layers))
  );
  const nothing = {
    ...{ effectiveDensity: null, noInput: null, noOutput: null, unusedInputs: null },
    ...{ inDegree: null, outDegree: null },
  };
  assertEquals(rows[0], {
    ...{ trial: "1", level: 1, percent: 50, layer: "layer0", live: 4, density: 50 },
    ...{ units: 2, inputs: 4, ...nothing, distance: 1, meanChange: 0.5, signsKept: 75 },
  });
  assertEquals(rows.map(({ live }) => live), [4, 12, 4, 2, 6, 2]);
  const drawn = texts(await draw(layerDensitySpec(rows, text)));
  assert(drawn.includes("Live weights") && !drawn.some((line) => /[Nn]eurons|Inputs/.test(line)));
  await draw(movementSpec(rows, text));
  assertEquals(layerTable(rows).rows[0].in_degree_mean, null);
});

Deno.test("kernel figures: a map for each convolution and level, filters with a scale even if none is dead", async () => {
  const parameters = parametersOf(networkLayers(parseHidden("conv3x3:4,conv3x2:2,5"), [8, 8], 2));
  const rows = [1, 2].flatMap((level) =>
    ["1", "2"].flatMap((trial) => {
      const masks = Object.fromEntries(
        parameters.filter(({ isPrunable }) => isPrunable).map(({ name, shape }) => {
          const size = shape.reduce((a, b) => a * b);
          // Every second weight, then every third.
          const data = Float32Array.from({ length: size }, (_, i) => Number(i % (level + 1) === 0));
          return [name, { shape: [...shape], data }];
        }),
      );
      return kernelRows({ trial, level, percent: 100 / (level + 1), masks }, parameters);
    })
  );
  const spec = kernelMapSpec(rows, [1, 2], text), maps = await draw(spec);
  const drawn = texts(maps);
  for (const title of ["layer0, 50%", "layer1, 50%", "layer0, 33.3%", "layer1, 33.3%"]) {
    assert(drawn.includes(title), `${title} is not in ${drawn}`);
  }
  assertEquals(maps.match(/<path d="M[^"]*" fill="rgb/g)?.length, 2 * (9 + 6));
  const [{ data: { values: cells } }] = JSON.parse(JSON.stringify(spec)).concat;
  assertEquals(new Set(cells.map(({ label }: { label: string }) => label)), new Set(["50"]));
  const filters = texts(await draw(filterSpec(rows, text)));
  assert(filters.includes("Filters without a live weight"));
  assert(!filters.some((line) => /^0\.0+$/.test(line)), `${filters}`);
  const [first] = kernelTable(rows).rows;
  assertEquals(first.live_by_filter, "9 0 9 0");
  assertEquals([first.dead_filters, first.live_by_channel], [2, "18"]);
});

Deno.test("anatomy figures: every one is drawn, also of layers that are gone", async () => {
  const tickets = [1, 2, 3].map((trial) => [0, 4, 8].map((level) => ticket(trial, level)));
  // Nothing is left of a layer.
  tickets[2][2].masks.layer1.data.fill(0);
  const rows = tickets.flat().flatMap((t) => layerRows(t, parametersOf(LAYERS)));
  assertEquals(rows.at(-1)!.signsKept, 0);
  for (const spec of [layerDensitySpec, movementSpec, degreeSpec]) {
    const drawn = texts(await draw(spec(rows, text)));
    for (const layer of ["layer0", "layer1"]) assert(drawn.includes(layer));
  }
  const overlaps = tickets[0].flatMap((one, i) =>
    ringPairs(tickets.map((levels) => levels[i])).flatMap(([a, b]) => overlapRows("trials", a, b))
      .concat(overlapRows("levels", one, one))
  );
  const drawn = texts(await draw(overlapSpec(overlaps, text)));
  for (const wanted of ["Between trials", "Between levels", "By chance"]) {
    assert(drawn.includes(wanted), `${wanted} is not in ${drawn}`);
  }
  await draw(weightSpec(tickets.flatMap((t) => weightGroups(t[0], t[1])), text));
  // A ticket has no weight in the layer that is gone.
  await draw(weightSpec(weightGroups(tickets[2][0], tickets[2][2]), text));
  const svg = await draw(
    pixelMapSpec(
      [100, 50].map((percent) => ({
        percent,
        values: Array.from({ length: 16 }, (_, i) => percent * i / 15),
      })),
      4,
      text,
    ),
  );
  assertEquals(svg.match(/<path d="M[^"]*" fill="rgb/g)?.length, 32);
});

Deno.test("pixel maps of large images: one scale of colours up to the most live weights", () => {
  const values = new Array<number>(256 * 256).fill(0);
  const maps = [100, 50, 25].map((percent, i) => ({ percent, values: values.with(i, percent) }));
  const spec = pixelMapSpec(maps, 256, text) as unknown as {
    concat: { encoding: { color: { scale: { domain: number[] } } } }[];
  };
  const domains = spec.concat.map(({ encoding: { color } }) => color.scale.domain);
  assertEquals(domains.map((domain) => [domain[0], domain.at(-1)]), Array(3).fill([0, 100]));
});

Deno.test("connectivity figure", async () => {
  const rows = [0, 3].flatMap((level) =>
    ["between trials", "between levels"].map((kind) => ({
      level,
      percent: percentOf(level),
      kind,
      a: "a",
      b: "b",
      barrier: 0.5,
      disagreement: 0.02,
      testLosses: [0.1, 0.6, 0.1],
    }))
  );
  assert(
    texts(await draw(connectivitySpec(rows, text))).includes("Test loss over the line (nats)"),
  );
});

Deno.test("axes: of zeros, of one value, of tiny and of huge ones, nothing reads 0.000000", async () => {
  const row = (level: number, change: number) => ({
    ...layerRows(ticket(1, 0), parametersOf(LAYERS))[0],
    ...{ level, percent: percentOf(level), meanChange: change, distance: 0, noInput: 0 },
  });
  const link = { level: 1, kind: "between trials", a: "a", b: "b", testLosses: [0, 0] };
  const points = [0, 50].map((iteration) => ({ iteration, loss: 0, accuracy: 1 - 1e-16 }));
  const group = { kind: "ticket" as const, percent: 100, curves: [{ trial: "1", points }] };
  const near = levelMetrics(runs, ["ticket"], "finalAccuracy")
    .map((level, i) => ({ ...level, min: 98, max: 98 + 1e-14 * i }));
  const tiny = new Float32Array([1e-7, -1e-7]), none = new Float32Array();
  const parts = { survivors: tiny, pruned: none };
  for (
    const spec of [
      movementSpec([row(0, 0), row(1, 0)], text),
      movementSpec([row(0, 1e-7), row(1, 3e-7)], text),
      layerDensitySpec([row(0, 0)], text),
      connectivitySpec([{ ...link, percent: 80, barrier: 0, disagreement: 0 }], text),
      curveSpec([{ title: "P", groups: [group] }], { yTitle: "y", read }, text),
      levelSpec([{ title: "P", yTitle: "y", data: near }], text),
      weightSpec([{ layer: "l", initial: parts, full: parts, ticket: tiny }], text),
    ]
  ) {
    const drawn = texts(await draw(spec));
    const long = drawn.filter((line) => /\d\.\d{5}|,000,000/.test(line));
    assertEquals(long, [], `${drawn}`);
    // An axis has ticks that differ.
    assert(new Set(drawn.filter((line) => /\d/.test(line))).size >= 2, `${drawn}`);
  }
});

Deno.test("pairs of trials: a ring", () => {
  assertEquals(ringPairs([1]), []);
  assertEquals(ringPairs([1, 2]), [[1, 2]]);
  assertEquals(ringPairs([1, 2, 3]), [[1, 2], [2, 3], [3, 1]]);
});

Deno.test("method figures: each method in its own style, layers in panels, chance dashed", async () => {
  const styles = {
    first: { label: "The first", color: PALETTE.blue, shape: "circle" },
    second: { label: "The second", color: PALETTE.green, shape: "square" },
  };
  const series = [1, 2].flatMap((trial) =>
    [0, 1].flatMap((level) =>
      ["first", "second"].map((kind) => ({ ...studyRun("ticket", trial, level), kind }))
    )
  );
  const data = levelMetrics<string>(series, ["first", "second"], "finalAccuracy");
  const panels = [{ title: "Panel", yTitle: "Test accuracy (%)", data }];
  const accuracy = await draw(levelSpec(panels, text, styles));
  const rows = [100, 50, 49.5, 0].flatMap((percent, level) =>
    ["a", "b"].map((layer) => ({ method: "second", level, percent, layer, density: percent }))
  );
  const layers = await draw(methodLayerSpec(rows, text, styles));
  for (const wanted of ["a", "b", "Live weights (%)"]) assert(texts(layers).includes(wanted));
  // Densities that are nearly the same have one tick.
  assert(texts(layers).includes("50") && !texts(layers).includes("49.5"));
  const pair = { one: "first", other: "second", trials: 2, jaccard: 0.5, byChance: 0.2 };
  const overlaps = await draw(methodOverlapSpec(
    [50, 25].map((percent, level) => ({ ...pair, level, percent })),
    text,
    styles,
  ));
  for (const wanted of ["Measured", "By chance"]) assert(texts(overlaps).includes(wanted));
  assertStringIncludes(overlaps, "stroke-dasharray");
  for (const svg of [accuracy, layers, overlaps]) {
    assert(texts(svg).includes("The second"));
    assertStringIncludes(svg, PALETTE.green);
  }
});
