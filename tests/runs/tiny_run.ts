/** A run of one weight, for tests that are about files. */

import { saveRun } from "../../src/records/saved_run.ts";
import type { TrainedRun } from "../../src/records/trained_run.ts";
import type { Storage } from "../../src/storage/storage.ts";

const END = { iteration: 10, loss: 1, accuracy: 0.5 };
const ADAPTER = { name: "none", vendor: "", architecture: "", isSoftware: true };

export const TRAINED: TrainedRun = {
  layers: [{ name: "layer0", inputs: 1, units: 1, activation: null, useBias: true }],
  initial: { layer0: { shape: [1, 1], data: Float32Array.of(1) } },
  initialBiases: { layer0: { shape: [1], data: Float32Array.of(0) } },
  final: { layer0: { shape: [1, 1], data: Float32Array.of(2) } },
  finalBiases: { layer0: { shape: [1], data: Float32Array.of(3) } },
  masks: { layer0: { shape: [1, 1], data: Float32Array.of(1) } },
  iterations: 0,
  kernels: "dense",
  forwardParts: 1,
  adapters: [{ iteration: 0, adapter: ADAPTER }],
  curves: { train: [END], validate: [], test: [END] },
};

/** Saves it into some folders. */
export async function saveTinyRuns(storage: Storage, ...folders: string[]): Promise<void> {
  for (const folder of folders) await saveRun(storage, folder, TRAINED, { of: "a test" });
}
