/**
 * The oracle's optimizers and the engine's schedules against PyTorch's (pytorch.py wrote its
 * values).
 */

import { optimizerSpec } from "../../src/engine/optimizers.ts";
import { CONSTANT, rateOf, type Schedule } from "../../src/engine/schedules.ts";
import { assertAllClose } from "./allclose.ts";
import { oracleOptimizer } from "./optimizers.ts";
import pytorch from "./pytorch.json" with { type: "json" };

const { start, steps } = pytorch;
const gradients = Array.from(
  { length: steps },
  (_, step) => start.map((_, i) => Math.sin(step * (i + 1)) * 10 ** (i - 5)),
);

for (const kind of ["sgd", "momentum", "nesterov", "adam", "adamw"] as const) {
  Deno.test(`fifty steps of ${kind} with weight decay: as PyTorch's`, () => {
    const rate = kind.startsWith("adam") ? 0.01 : 0.1;
    const optimizer = oracleOptimizer(
      optimizerSpec(kind, rate, { weightDecay: 0.05, epsilon: 1e-30 }),
    );
    const weights = Float64Array.from(start), state = optimizer.start(start.length);
    const all = weights.map(() => 1);
    for (const gradient of gradients) {
      optimizer.update(state, weights, Float64Array.from(gradient), all);
    }
    assertAllClose(weights, pytorch.optimizers[kind], { rtol: 1e-11, atol: 1e-14 });
  });
}

const SCHEDULES: Record<keyof typeof pytorch.schedules, Partial<Schedule>> = {
  steps: { kind: "steps", milestones: [3, 5] },
  cosine: { kind: "cosine" },
  warmup: { kind: "cosine", warmup: 4 },
};

for (const [name, schedule] of Object.entries(SCHEDULES)) {
  Deno.test(`rates of ${name}: as PyTorch's`, () => {
    const expected = pytorch.schedules[name as keyof typeof SCHEDULES];
    const rate = rateOf({ ...CONSTANT, ...schedule }, 0.1, expected.length);
    assertAllClose(expected.map((_, i) => rate(i)), expected, { rtol: 1e-12, atol: 1e-16 });
  });
}
