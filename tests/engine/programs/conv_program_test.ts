/** Whole programs of networks with convolutions against the oracle, and against themselves. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { GpuExamples } from "../../../src/engine/examples/dataset.ts";
import { createMatrix, readMatrices, writeMatrix } from "../../../src/engine/kernels/matrix.ts";
import { BufferPool } from "../../../src/engine/buffers.ts";
import { canReadStorageTextures } from "../../../src/engine/device.ts";
import { matrixStorage, UPDATE_TEXTURES } from "../../../src/engine/kernels/program_spec.ts";
import { adamSpec } from "../../../src/engine/optimizers.ts";
import { iterationBytes } from "../../../src/engine/programs/iteration.ts";
import type { Program } from "../../../src/engine/programs/program.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { networkLayers } from "../../../src/models/layers.ts";
import { NETWORKS } from "../../../src/models/networks.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward, softmaxCrossEntropy } from "../../reference/network.ts";
import type { OracleTrained } from "../../reference/train.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import { CONV_RUNS, SPARSE_CONV_RUNS } from "./conv_networks.ts";
import {
  aloneCase,
  assertLayers,
  normalizedInputs,
  oracleTrain,
  randomRun,
  type RunCase,
  type RunShape,
  withProgram,
} from "./run_case.ts";

const gpu = await openTestGpu(), adapters = asEachAdapter(gpu);
const draw = (shape: RunShape) => randomRun(shape, new RandomStream(seedKey(5)));

/** Compares a program's state after `iterations` with the oracle's networks. */
async function assertTrained(
  program: Program,
  run: RunCase,
  oracles: OracleTrained[],
  iterations: number,
): Promise<void> {
  const states = await program.readState();
  states.forEach(({ layers }, r) => {
    const oracle = oracles[r];
    const where = `replica ${r}, after ${iterations}`;
    assertLayers(layers, run, r, oracle, where);
    const kept = oracle.states.filter((_, i) => oracle.layers[i].weights.length > 0);
    layers.forEach(({ optimizer }, l) =>
      optimizer.forEach(({ weights }, s) => {
        const what = `${where}, layer ${l}, state ${s}`;
        assertAllClose(weights, kept[l].weights.slots[s], { what });
      })
    );
  });
}

for (const [name, shape] of Object.entries({ ...CONV_RUNS, ...SPARSE_CONV_RUNS })) {
  for (const [way, gpu] of adapters) {
    Deno.test(`program: 20 iterations agree with the oracle: ${name}, ${way}`, async () => {
      const run = draw(shape);
      await withProgram(gpu, run, async (program) => {
        let done = 0, oracles: OracleTrained[] = [];
        for (const end of [1, 20]) {
          oracles = run.replicas.map((_, r) => oracleTrain(run, r, end));
          const { iterations } = await program.run([{ iterate: end - done }]);
          oracles.forEach(({ metrics }, r) =>
            assertAllClose(
              iterations.map(({ losses }) => losses[r]),
              metrics.slice(done).map(({ loss }) => loss),
              { what: `losses of replica ${r}` },
            )
          );
          await assertTrained(program, run, oracles, end);
          done = end;
        }
        // The trained networks on the test set, in windows.
        const { evaluations: [{ losses, correct }] } = await program.run([{ evaluate: "test" }]);
        losses.forEach((loss, r) => {
          const { layers } = oracles[r], { labels, count } = run.test;
          const { labelMap } = run.replicas[r];
          const expected = softmaxCrossEntropy(
            forward(layers, normalizedInputs(run.test, run.normalization, run.pool), count).post.at(
              -1,
            )!,
            Array.from(labels, (label) => labelMap?.[label] ?? label),
            count,
            layers.at(-1)!.biases.length,
          );
          assertAllClose([loss], [expected.loss], { what: "test loss" });
          assert(Math.abs(correct[r] - expected.correct) <= 1, "of logits that are nearly equal");
        });
      });
    });
  }
}

/** All that a run of a program measures and ends with. */
async function outcome(program: Program) {
  const first = await program.run([{ iterate: 10 }, { evaluate: "test" }]);
  const second = await program.run([{ evaluate: "validate" }, { iterate: 7 }]);
  const state = await program.readState();
  return [first, second].flatMap(({ iterations, evaluations }) => [...iterations, ...evaluations])
    .map(({ losses, correct }) => ({ losses, correct }))
    .map((measured) => ({ measured, state }));
}

/** Of examples, what the size of a batch depends on. */
const FLOATS = { isPacked: false, isFloat: true } as GpuExamples;

const [[, lenet], [, threeChannels]] = Object.entries(CONV_RUNS);

const [[, sparseLenet], [, sparseChannels], , , , [, sparseStrides]] = Object.entries(
  SPARSE_CONV_RUNS,
);

for (
  const [name, gpu, shape] of adapters.flatMap(([name, gpu]) =>
    [threeChannels, sparseChannels].map((shape) =>
      [`${name}${shape.isSparse ? ", sparse" : ""}`, gpu, shape] as const
    )
  )
) {
  Deno.test(`convolutions: a replica's bits are those of the run alone, ${name}`, async () => {
    const run = draw(shape), together = await withProgram(gpu, run, outcome);
    for (const r of [0, 1, 2]) {
      const alone = await withProgram(gpu, aloneCase(run, r), outcome);
      alone.forEach(({ measured, state }, i) => {
        assertEquals(measured.losses[0], together[i].measured.losses[r]);
        assertEquals(measured.correct[0], together[i].measured.correct[r]);
        assertEquals(state[0], together[i].state[r]);
      });
    }
    assertNotEquals(together[0].state[0], together[0].state[1]);
  });
}

Deno.test("convolutions: tiles, textures for buffers, and bytes for floats change no bit", async () => {
  for (const shape of [lenet, threeChannels, sparseLenet, sparseChannels, sparseStrides]) {
    const run = draw({ ...shape, normalization: "unit" }), results = [];
    for (const [, gpu] of adapters) {
      for (const isPacked of [true, false]) {
        const as = (examples: GpuExamples) => ({ ...examples, isPacked });
        results.push(await withProgram(gpu, run, outcome, as));
      }
    }
    for (const result of results.slice(1)) assertEquals(result, results[0]);
  }
});

for (const shape of [lenet, sparseLenet]) {
  Deno.test(`convolutions: training continues from a state that was read, to the same bits${shape.isSparse ? ", sparse" : ""}`, async () => {
    const run = draw(shape), [[, gpu]] = adapters;
    const whole = await withProgram(gpu, run, async (program) => {
      await program.run([{ iterate: 12 }]);
      return await program.readState();
    });
    const states = await withProgram(gpu, run, async (program) => {
      await program.run([{ iterate: 5 }]);
      return await program.readState();
    });
    await withProgram(gpu, run, async (program) => {
      run.replicas.forEach((parameters, r) => program.load(r, parameters, states[r]));
      await program.run([{ iterate: 7 }]);
      assertEquals(await program.readState(), whole);
    });
  });
}

Deno.test("convolutions: pruned weights that keep their initial values keep them exactly", async () => {
  const run = draw(lenet), [[, gpu]] = adapters;
  await withProgram(gpu, run, async (program) => {
    run.replicas.forEach((parameters, r) => program.load(r, { ...parameters, keepsPruned: true }));
    await program.run([{ iterate: 9 }]);
    const trained = await program.readParameters();
    run.replicas.forEach(({ layers }, r) =>
      layers.forEach(({ weights, mask }, l) => {
        const now = trained[r][l].weights;
        assert(now.some((w, i) => w !== weights[i]), `layer ${l} is trained`);
        assert(now.every((w, i) => mask[i] === 1 || w === weights[i]), `layer ${l}`);
      })
    );
  });
});

Deno.test("convolutions: weights whose rows lie side by side in a texture are trained to the same bits", async () => {
  // 40,000 rows: an image of 100×100 pixels of one channel, which is padded to four.
  const size = [1, 1] as const, image = [100, 100, 1] as const;
  const run = draw({
    features: 10_000,
    images: [{ kind: "avgPool2d", name: "pool", image, size, stride: size }],
    layers: [{ units: 3, activation: null }],
    optimizer: adamSpec(1e-3),
    batchSize: 4,
    poolCount: 9,
    trainCount: 7,
    replicas: 2,
  });
  const storages: string[] = [];
  const results = [];
  for (const [, gpu] of adapters) {
    results.push(
      await withProgram(gpu, run, async (program) => {
        storages.push(matrixStorage(gpu, program.spec));
        return await outcome(program);
      }),
    );
  }
  const { maxTextureDimension2D, maxStorageTexturesPerShaderStage } = gpu.device.limits;
  const isWide = maxTextureDimension2D >= 10_000;
  const isMany = maxStorageTexturesPerShaderStage >= UPDATE_TEXTURES;
  if (canReadStorageTextures() && isWide && isMany) {
    assertEquals(storages, ["textures", "buffers", "buffers"]);
  }
  for (const result of results.slice(1)) assertEquals(result, results[0]);
});

Deno.test("matrices of more rows than a texture has lie side by side in it", async () => {
  const rows = 20_000, pool = new BufferPool(gpu);
  try {
    // Of 3 columns 2048 rows lie side by side, of 130 there are 32.
    for (const vectors of [3, 130]) {
      const matrix = createMatrix(pool, "textures", "tall", { rows, vectors });
      const data = new Float32Array(rows * 4 * vectors).map((_, i) => i);
      for (const [first, end] of [[0, 7], [7, 30], [30, 8192], [8192, 17_001], [17_001, rows]]) {
        const part = data.slice(first * 4 * vectors, end * 4 * vectors);
        writeMatrix(gpu, matrix, first, vectors, part);
      }
      const [read] = await readMatrices(gpu, [{ matrix, rows, vectors }]);
      assertEquals(read, data);
    }
  } finally {
    pool.destroy();
  }
});

Deno.test("conv-4: an iteration takes at most 1.5 times what its values and weights need", () => {
  const layers = networkLayers(NETWORKS["conv-4"].hidden, [32, 32, 3], 10);
  const { spec } = draw(lenet);
  for (const [name, gpu] of adapters) {
    const bytes = iterationBytes(gpu, {
      ...spec,
      layers,
      batchSize: 60,
      optimizer: adamSpec(3e-4),
      examples: FLOATS,
      test: FLOATS,
      replicas: 1,
    });
    // The batch, then 32×32×64 twice, 16×16×64, 16×16×128 twice, 8×8×128, 256 twice and 10.
    const values = 3072 + 2 * 65536 + 16384 + 2 * 32768 + 8192 + 2 * 256 + 10;
    const weights = 9 * (3 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 8192 * 256 + 256 * 256 + 2560;
    // Floats of weights and both moments, and a bit of a mask.
    const needed = 60 * 4 * values + weights * (12 + 1 / 8);
    assert(bytes > needed && bytes <= 1.5 * needed, `${name}: ${bytes} / ${needed}`);
  }
});
