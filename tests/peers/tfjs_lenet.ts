/**
 * TensorFlow.js (tfjs_training.ts) in Deno. Prints one line of JSON.
 *
 * usage: deno run -A --config tests/peers/deno.json tests/peers/tfjs_lenet.ts webgpu|wasm sgd|adam
 * N
 */

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { createRequire } from "node:module";
import { timeTraining } from "./tfjs_training.ts";

const [backend, optimizer, iterations] = Deno.args;
if (backend === "wasm") {
  const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(main.replace(/[^/]*$/, ""));
}
const milliseconds = await timeTraining(backend, optimizer, Number(iterations));
console.log(JSON.stringify({
  peer: `tfjs ${backend}`,
  optimizer,
  batch: 60,
  ms_per_iteration: milliseconds,
}));
Deno.exit(0);
