import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { LaboratoryEvent } from "../../../../src/web/messages.ts";
import { decodeExample, encodeExample } from "../../../../src/web/page/network/example_file.ts";
import { SHOWN_EXAMPLE } from "../../../../src/web/page/network/shown_example.ts";
import { Recording, withFrame } from "../../../../src/web/page/network/recording.ts";
import { storyOf } from "../../../../src/web/page/network/story.ts";
import { CONTROL, FULL, TICKET } from "./runs.ts";

const { view, curves, shape } = SHOWN_EXAMPLE, TOLD = { view, curves, shape };

Deno.test("a recording gathers frames and accuracies, and keeps them when a run is resumed", () => {
  const recording = new Recording();
  const start = { ...FULL.weights, frames: FULL.weights.frames.slice(0, 1) };
  const point = (iteration: number, accuracy: number) => ({ iteration, loss: 1, accuracy });
  const events = [
    { type: "network", weights: start },
    { type: "progress", iterations: 100 },
    { type: "points", run: start.run, points: { train: [], validate: [], test: [point(0, 0.2)] } },
    { type: "weights", run: start.run, frame: FULL.weights.frames[1] },
    { type: "points", run: start.run, points: { train: [], validate: [], test: [point(9, 0.5)] } },
    { type: "network", weights: start },
  ] as unknown as LaboratoryEvent[];
  const news = events.map((event) => recording.receive(event));
  assertEquals(news, [true, false, true, true, true, true]);
  const [run] = recording.runsOf(1);
  assertEquals(run.weights.frames.map(({ iteration }) => iteration), [0, 100]);
  assertEquals([run.accuracies, run.iterations], [{ initial: 0.2, latest: 0.5 }, 100]);
  recording.add([], [FULL.weights, TICKET.weights, CONTROL.weights]);
  assertEquals(recording.runsOf(1).map(({ weights: { run } }) => `${run.kind} ${run.level}`), [
    ...["ticket 0", "ticket 1", "reinit 1"],
  ]);
  // Each trial is drawn by itself.
  const other = { ...start, run: { ...start.run, trial: 2 } };
  recording.receive({ type: "network", weights: other });
  assertEquals(recording.runsOf(2).map(({ weights }) => weights.run.trial), [2]);
  assertEquals([recording.runsOf(1).length, recording.liveTrial], [3, 2]);
});

Deno.test("frames stay few, in order, and the first and the latest are among them", () => {
  const frame = (iteration: number) => ({ ...FULL.weights.frames[0], iteration });
  let frames = [frame(0)];
  for (let i = 1; i <= 1000; i++) frames = withFrame(frames, frame(i));
  const iterations = frames.map(({ iteration }) => iteration);
  assert(frames.length <= 50);
  assertEquals([iterations[0], iterations.at(-1)], [0, 1000]);
  assertEquals(iterations, iterations.toSorted((a, b) => a - b));
  assertEquals(withFrame(frames, frame(3)).at(-1)!.iteration, 3);
});

Deno.test("an example is read as it was written, to its step", () => {
  const runs = [FULL, TICKET, CONTROL];
  const file = encodeExample(TOLD, runs), read = decodeExample(JSON.parse(JSON.stringify(file)));
  read.forEach(({ weights, accuracies }, r) => {
    const written = runs[r].weights;
    assertEquals([weights.run, weights.live], [written.run, written.live]);
    assertEquals(accuracies, runs[r].accuracies);
    weights.frames.forEach(({ iteration, values }, f) => {
      assertEquals(iteration, written.frames[f].iteration);
      values.forEach((value, i) => {
        if (weights.live[i] === 1) {
          assertAlmostEquals(value, written.frames[f].values[i], file.step);
        }
      });
    });
  });
});

Deno.test("the page's example: small, whole, rewound, and far above chance untrained", () => {
  assert(JSON.stringify(SHOWN_EXAMPLE).length <= 40_000);
  const runs = decodeExample(SHOWN_EXAMPLE), [full] = runs;
  const steps = storyOf(runs);
  assertEquals([steps.length, steps.at(-1)!.kind], [2 + 3 * 3 + 2, "compare"]);
  const begun = full.weights.frames[0].values;
  const tickets = runs.filter(({ weights }) => weights.run.kind === "ticket");
  for (const { weights: { live, frames: [{ values }] } } of tickets) {
    values.forEach((value, i) => assert(live[i] === 0 || value === begun[i]));
  }
  const last = tickets.at(-1)!;
  assertAlmostEquals(last.weights.percent, 30.3, 0.1);
  assert(last.accuracies.initial! > 0.5 && full.accuracies.initial! < 0.2);
});
