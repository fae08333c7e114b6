import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  connectionWords,
  distanceToLine,
  nearest,
  valueText,
} from "../../../../src/web/page/network/picking.ts";
import { sampleNetwork } from "../../../../src/web/weights/sample.ts";

Deno.test("the distance to a line ends at its ends", () => {
  assertEquals(distanceToLine([5, 3], [0, 0], [10, 0]), 3);
  assertEquals(distanceToLine([13, 4], [0, 0], [10, 0]), 5);
  assertEquals(distanceToLine([3, 4], [0, 0], [0, 0]), 5);
  assertAlmostEquals(distanceToLine([0, 2], [0, 0], [2, 2]), Math.SQRT2, 1e-12);
});

Deno.test("the nearest within reach, or none", () => {
  const distances = [9, 4, 6];
  assertEquals(nearest(3, (i) => distances[i], 7), 1);
  assertEquals(nearest(3, (i) => distances[i], 3), null);
});

Deno.test("a connection by its input and unit, counted from 1", () => {
  const shapes = [["a", [3, 2]], ["b", [2, 2]], ["c", [2, 4]]] as const;
  const deep = sampleNetwork(shapes, [3])!, small = sampleNetwork(shapes.slice(0, 2), [3])!;
  assertEquals(connectionWords(deep, 0), "input 1 → hidden unit 1 of layer 1");
  assertEquals(connectionWords(deep, 5), "input 3 → hidden unit 2 of layer 1");
  assertEquals(connectionWords(deep, 8), "hidden unit 2 → hidden unit 1 of layer 2");
  // Classes are counted as digits are.
  assertEquals(connectionWords(small, 8), "hidden unit 2 → output 0");
  assertEquals(valueText(-0.0744), "−0.074");
});
