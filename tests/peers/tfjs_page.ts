/** TensorFlow.js WebGPU in a page: what `deno task bench` measures ours against in Chromium. */

import { timeTraining as timeOn } from "./tfjs_training.ts";

/** Milliseconds per iteration with SGD. */
export function timeTraining(iterations: number): Promise<number> {
  return timeOn("webgpu", "sgd", iterations);
}
