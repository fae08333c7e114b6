import { assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import {
  adamSpec,
  checkOptimizer,
  type OptimizerSpec,
  stateCount,
  stepSize,
  type UpdateRule,
  updateWgsl,
} from "../../src/engine/optimizers.ts";

const SGD: OptimizerSpec = { kind: "sgd", learningRate: 0.1 };
const MOMENTUM: OptimizerSpec = { kind: "momentum", learningRate: 0.2, momentum: 0.75 };

Deno.test("stepSize: sgd and momentum keep their learning rate", () => {
  assertEquals([1, 2, 50_000].map((t) => stepSize(SGD, 0.1, t)), [0.1, 0.1, 0.1]);
  assertEquals([1, 2, 50_000].map((t) => stepSize(MOMENTUM, 0.2, t)), [0.2, 0.2, 0.2]);
});

Deno.test("stepSize: adam's bias correction, worked by hand", () => {
  const adam = adamSpec(1.2e-3);
  assertEquals(adam, {
    kind: "adam",
    learningRate: 1.2e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  });
  // t = 1: √0.001 / 0.1; t = 2: √0.001999 / 0.19
  assertAlmostEquals(stepSize(adam, 1.2e-3, 1), 1.2e-3 * 0.3162277660168379, 1e-15);
  assertAlmostEquals(stepSize(adam, 1.2e-3, 2), 1.2e-3 * 0.23531672532745276, 1e-15);
  assertAlmostEquals(stepSize(adam, 1.2e-3, 100_000), 1.2e-3, 1e-15);
  const even: UpdateRule = {
    kind: "adam",
    beta1: 0.5,
    beta2: 0.75,
    epsilon: 1,
  };
  assertAlmostEquals(stepSize(even, 1, 1), 1, 1e-15); // √0.25 / 0.5
  assertAlmostEquals(stepSize(even, 1, 2), Math.sqrt(7) / 3, 1e-15); // √(1 − 9/16) / (1 − 1/4)
});

Deno.test("stateCount: none, the velocity, two moments", () => {
  assertEquals([SGD, MOMENTUM, adamSpec(1)].map(stateCount), [0, 1, 2]);
});

Deno.test("updateWgsl: carries the settings", () => {
  assertStringIncludes(updateWgsl(MOMENTUM), "const MOMENTUM = f32(0.75);");
  const adam = updateWgsl({
    kind: "adam",
    beta1: 0.8,
    beta2: 0.99,
    epsilon: 1e-7,
  });
  for (const line of ["BETA_1 = f32(0.8);", "BETA_2 = f32(0.99);", "EPSILON = f32(1e-7);"]) {
    assertStringIncludes(adam, `const ${line}`);
  }
});

Deno.test("checkOptimizer: what 32-bit floats cannot hold, and decays that never decay", () => {
  const refuses = (spec: object, message: string) =>
    assertThrows(
      () => checkOptimizer({ ...adamSpec(1), ...spec } as OptimizerSpec),
      InputError,
      message,
    );
  for (const learningRate of [NaN, Infinity, -0.1, 1e39, 1e-300, "0.1", undefined]) {
    refuses({ learningRate }, `learning rate ${learningRate} cannot be used`);
    refuses({ kind: "sgd", learningRate }, `learning rate ${learningRate} cannot be used`);
  }
  for (const value of [-0.1, 1, 1 - 1e-12, NaN, undefined]) {
    refuses({ beta1: value }, `beta1 ${value} cannot be used`);
    refuses({ beta2: value }, `beta2 ${value} cannot be used`);
    refuses({ kind: "momentum", momentum: value }, `momentum ${value} cannot be used`);
  }
  for (const epsilon of [0, -1, NaN, 1e-50, Infinity]) {
    refuses({ epsilon }, `epsilon ${epsilon} cannot be used`);
  }
  refuses(
    { kind: "lion" },
    "optimizer lion is unknown: use sgd, momentum, nesterov, adam or adamw",
  );
  for (const weightDecay of [-0.1, 1, NaN, Infinity]) {
    refuses({ weightDecay }, `weight decay ${weightDecay} cannot be used`);
  }
  for (const spec of [SGD, MOMENTUM, adamSpec(1e-3), { ...SGD, learningRate: 0 }]) {
    checkOptimizer(spec);
  }
});
