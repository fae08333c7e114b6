/**
 * The engine's speed in a browser: milliseconds per iteration of LeNet-300-100 on synthetic digits.
 */

import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import { openGpu } from "../../src/engine/mod.ts";
import {
  networkProgram,
  timeIterations,
  uploadSets,
} from "../../tasks/lib/bench/network_program.ts";

/** With SGD and batch 60, after a warm-up. */
export async function timeTraining(iterations: number): Promise<number> {
  const gpu = await openGpu();
  try {
    const sets = await makeSyntheticDigits({ seed: 1, trainCount: 6000, testCount: 100 });
    const optimizer = { kind: "sgd", learningRate: 0.1 } as const;
    const program = await networkProgram(gpu, await uploadSets(gpu, sets), { optimizer });
    await timeIterations(program, iterations);
    return await timeIterations(program, iterations);
  } finally {
    gpu.destroy();
  }
}
