import { assert, assertEquals } from "@std/assert";
import {
  cutOf,
  eased,
  frameAt,
  knownOf,
  partAt,
  reachOf,
  sceneAt,
  thresholdAt,
  thresholdOf,
  triedCut,
} from "../../../../src/web/page/network/scene.ts";
import { BINS, BINS_PER_SCALE } from "../../../../src/web/weights/sample.ts";
import { storyOf } from "../../../../src/web/page/network/story.ts";
import { CONTROL, FULL, runOf, TICKET } from "./runs.ts";

const steps = storyOf([FULL, TICKET, CONTROL]);
const step = (kind: string, level = 1) =>
  steps.find((step) => step.kind === kind && step.level === level)!;

Deno.test("training: the values are those of its frames, and between them in proportion", () => {
  const train = step("train", 0);
  assertEquals([...sceneAt(train, 0, 4).values], [0.5, -0.25, 1, -1]);
  assertEquals([...sceneAt(train, 1, 4).values], [0.75, -0.125, 2, -0.5]);
  assertEquals([...sceneAt(train, partAt(train, 50), 4).values], [0.625, -0.1875, 1.5, -0.75]);
  assertEquals(frameAt(FULL.weights, 1e9).iteration, 100);
  assertEquals([partAt(train, 0), partAt(train, 100), knownOf(train)], [0, 1, 100]);
});

Deno.test("the cut: the smallest are marked as the threshold passes them, then go", () => {
  const cut = step("cut");
  const [start, middle, end] = [0, 0.62, 1].map((part) => sceneAt(cut, part, 4));
  for (const { values } of [start, middle, end]) {
    assertEquals([...values], [0.75, -0.125, 2, -0.5]);
  }
  assertEquals([start.threshold, middle.threshold, end.threshold], [0, 0.125, 0.125]);
  assertEquals([start, middle, end].map(({ marked }) => [...marked]), [
    ...[[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]],
  ]);
  assertEquals([start, middle, end].map(({ presence }) => [...presence]), [
    ...[[1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 1, 1]],
  ]);
  assertEquals([start.live, end.live], [4, 3]);
});

Deno.test("rewinding ends at exactly the values that the network started from", () => {
  const rewind = step("rewind");
  assertEquals([...sceneAt(rewind, 0, 4).values], [0.75, -0.125, 2, -0.5]);
  const { values, begun, presence } = sceneAt(rewind, 1, 4);
  presence.forEach((is, i) => {
    if (is === 1) assert(Object.is(values[i], FULL.weights.frames[0].values[i]));
  });
  assertEquals([...presence], [1, 0, 1, 1]);
  assertEquals([...begun], [...FULL.weights.frames[0].values]);
});

Deno.test("the control: from the ticket's start to its own, then both train", () => {
  const control = step("control");
  assertEquals([...sceneAt(control, 0, 4).control!.values], [0.5, -0.25, 1, -1]);
  const after = sceneAt(control, 1, 4);
  assertEquals([...after.control!.values], [-0.5, 0, 0.25, 0.75]);
  assertEquals([...after.values], [0.5, -0.25, 1, -1]);
  const end = sceneAt(step("compare"), 1, 4);
  assertEquals([[...end.values], [...end.control!.values]], [[1, 0, 1.5, -2], [-1, 0, 0.5, 1]]);
});

Deno.test("a threshold that does not part the cut from the kept is not drawn", () => {
  assertEquals(thresholdOf(FULL.weights, TICKET.weights, 4), 0.125);
  const other = runOf({ level: 1 }, [0, 1, 1, 1], [[0, 0, -0.25, 1, -1]], 0.75);
  assertEquals(thresholdOf(FULL.weights, other.weights, 4), null);
  assertEquals(thresholdOf(FULL.weights, CONTROL.weights, 4), null);
});

Deno.test("easing keeps both ends; the axis holds every value that is drawn", () => {
  assertEquals([eased(0), eased(0.5), eased(1)], [0, 0.5, 1]);
  assert(reachOf([FULL.weights, TICKET.weights], 4) >= 2);
});

Deno.test("another cut takes the values nearest to zero, as far as its share reaches", () => {
  const cut = step("cut");
  assertEquals(cutOf(cut, 4), { share: 0.25, live: 4 });
  // Bins of a width of 1: a share lies within as much of the middle ones as holds it.
  const middle = (...counts: number[]) =>
    [new Array(BINS / 2 - 2).fill(0), counts, new Array(BINS / 2 - 2).fill(0)].flat();
  assertEquals(thresholdAt(middle(0, 2, 2, 0), BINS_PER_SCALE, 0.5), 0.5);
  assertEquals(thresholdAt(middle(1, 1, 1, 1), BINS_PER_SCALE, 0.75), 1.5);
  assertEquals(thresholdAt(middle(1, 0, 0, 1), BINS_PER_SCALE, 1), 2);
  const { marked, presence, values } = triedCut(cut, 1, 4);
  assertEquals([[...marked], [...presence]], [[1, 1, 1, 1], [1, 1, 1, 1]]);
  assertEquals([...values], [0.75, -0.125, 2, -0.5]);
  assertEquals([...triedCut(cut, 0, 4).marked], [0, 0, 0, 0]);
});
