import { assertEquals } from "@std/assert";
import { LiveEvents, pixelMap } from "../../src/web/live.ts";
import type { LaboratoryEvent } from "../../src/web/messages.ts";
import type { StartedRun } from "../../src/records/run_id.ts";

const started = (kind: string, level: number) =>
  ({ kind, trial: 1, level, run: 0, masks: {}, weights: {} }) as unknown as StartedRun;

Deno.test("once a level is rewound, what goes on is its training", () => {
  const events: LaboratoryEvent[] = [];
  const live = new LiveEvents((event) => events.push(event));
  live.onStage("level 0/1", started("ticket", 0));
  live.onStage("level 1/1", started("ticket", 1));
  live.onStage("control", started("reinit", 1));
  const steps = events.flatMap((event) => event.type === "step" ? [event.step] : []);
  assertEquals(steps, ["train", "rewind", "train", "control"]);
});

Deno.test("a pruning is told by its bins", () => {
  const events: LaboratoryEvent[] = [];
  const live = new LiveEvents((event) => events.push(event));
  const shape = [300, 100], size = 30_000;
  const scores = Float32Array.from({ length: size }, (_, i) => i), ones = scores.map(() => 1);
  const after = { layer0: { shape, data: scores.map((score) => score < 6000 ? 0 : 1) } };
  const before = { layer0: { shape, data: ones } };
  const pruning = { trial: 1, level: 2, next: 3, scope: "layer" as const, before, after };
  live.onPruned({ ...pruning, scores: { layer0: scores } });
  const [event] = events;
  if (event.type !== "scores") throw new Error(event.type);
  const { histograms: [{ threshold }], ...where } = event.scores;
  assertEquals([where, threshold], [{ trial: 1, level: 2, next: 3 }, 5999]);
  assertEquals(JSON.stringify(event).length < 4000, true);
});

Deno.test("the points from before a checkpoint come closer together than those of a moment", () => {
  const events: LaboratoryEvent[] = [];
  const live = new LiveEvents((event) => events.push(event));
  const train = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ iteration: from + i, loss: 1, accuracy: 0 }));
  for (const [from, count] of [[0, 4000], [4000, 100]]) {
    live.onPoints(started("ticket", 0), { train: train(from, count), validate: [], test: [] });
    live.flush();
  }
  const sent = events.flatMap((event) => event.type === "points" ? [event.points.train] : []);
  assertEquals(sent.map(({ length }) => length), [400, 20]);
  assertEquals(sent.map((points) => points.at(-1)?.iteration), [3999, 4099]);
});

Deno.test("live weights are mapped to pixels where the first layer is dense", () => {
  const run = { kind: "ticket", trial: 1, level: 0, run: 0 } as const;
  const ones = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1),
  });
  assertEquals(pixelMap(run, ones(6, 4), [2, 3]), {
    ...{ run, live: [4, 4, 4, 4, 4, 4], units: 4, width: 3, height: 2 },
  });
  assertEquals(pixelMap(run, ones(2, 3, 1, 4), [2, 3]), null);
  // Pooling below it.
  assertEquals(pixelMap(run, ones(1, 4), [2, 3]), null);
});
