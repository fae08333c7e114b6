import { assertEquals } from "@std/assert";
import { trainingWork } from "../../../src/engine/programs/training_work.ts";

Deno.test("trainingWork: iterations, and every evaluation as the iterations that it costs", () => {
  const sizes = { batchSize: 10, validate: 60, test: 300 };
  const plan = { iterations: 25, validateInterval: 10, testInterval: 20 };
  // Evaluations are worth 2 and 10 iterations: at 0, 10, 20, 25, and at 0, 20, 25.
  assertEquals([0, 9, 10, 19, 20, 24, 25].map((done) => trainingWork(plan, sizes, done)), [
    ...[12, 21, 24, 33, 46, 50, 63],
  ]);
  assertEquals(trainingWork(plan, sizes), 63);
  assertEquals(trainingWork({ ...plan, iterations: 20 }, sizes), 20 + 3 * 2 + 2 * 10);
  assertEquals(trainingWork({ ...plan, testInterval: null }, { ...sizes, validate: 0 }), 25);
});
