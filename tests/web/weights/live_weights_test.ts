import { assertEquals } from "@std/assert";
import type { RunId, StartedRun } from "../../../src/records/run_id.ts";
import { LiveWeights, type WeightEvent } from "../../../src/web/weights/live_weights.ts";

const tensor = (...data: number[]) => ({ shape: [2, 2], data: Float32Array.from(data) });
const started = (id: RunId, mask: number[], weights: number[]): StartedRun => ({
  ...id,
  masks: { a: tensor(...mask) },
  weights: { a: tensor(...weights) },
  imageShape: [2],
});
const ticket = (level: number, trial = 1): RunId => ({ kind: "ticket", trial, level, run: 0 });

Deno.test("live weights: a run's start, its course, and the threshold by which it was cut", () => {
  const events: WeightEvent[] = [];
  const live = new LiveWeights((event) => events.push(event));
  live.start(started(ticket(0), [1, 1, 1, 1], [1, -2, 3, -4]));
  live.advance(ticket(0), 5, { a: Float32Array.of(2, -1, 3, -5) });
  live.end(ticket(0));
  live.advance(ticket(0), 6, { a: Float32Array.of(0, 0, 0, 0) });
  live.prune({
    ...{ trial: 1, level: 0, next: 1, scope: "layer", scores: { a: Float32Array.of(2, 1, 3, 5) } },
    ...{ before: { a: tensor(1, 1, 1, 1) }, after: { a: tensor(1, 0, 1, 1) } },
  });
  live.start(started(ticket(1), [1, 0, 1, 1], [1, -2, 3, -4]));
  assertEquals(events.map(({ type }) => type), ["network", "weights", "network"]);
  const [first, course, second] = events;
  if (first.type !== "network" || course.type !== "weights" || second.type !== "network") throw 0;
  assertEquals([...first.weights.frames[0].values], [1, -2, 3, -4]);
  assertEquals([course.frame.iteration, ...course.frame.values], [5, 2, -1, 3, -5]);
  assertEquals(
    [second.weights.threshold, second.weights.percent, second.weights.liveOfFirst],
    [1, 75, 3],
  );
  assertEquals([...second.weights.live], [1, 0, 1, 1]);
});

Deno.test("live weights: one trial's tickets and first control alone are told", () => {
  const events: WeightEvent[] = [];
  const live = new LiveWeights((event) => events.push(event));
  const ids: RunId[] = [
    ticket(0),
    ticket(0, 2),
    { kind: "reinit", trial: 1, level: 1, run: 1 },
    { kind: "reinit", trial: 1, level: 1, run: 2 },
    { kind: "random_sparsity", trial: 1, level: 1, run: 1 } as RunId,
  ];
  for (const id of ids) live.start(started(id, [1, 1, 1, 1], [1, 2, 3, 4]));
  const told = events.map((event) => event.type === "network" ? event.weights.run.kind : "");
  assertEquals(told, ["ticket", "reinit"]);
});
