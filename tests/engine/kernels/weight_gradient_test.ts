import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  nonzeroSource,
  rowListWords,
  weightGradientSource,
  wordListWords,
} from "../../../src/engine/kernels/dense/weight_kernels.ts";
import type { DenseSpec } from "../../../src/engine/layer_spec.ts";
import {
  maskWords,
  matrixSize,
  packMask,
  packWeights,
  pitch,
  unpackWeights,
} from "../../../src/engine/kernels/layout.ts";
import { writeMatrix } from "../../../src/engine/kernels/matrix.ts";
import { decayOf, stateCount, stepSize } from "../../../src/engine/optimizers.ts";
import type { RandomStream } from "../../../src/engine/random.ts";
import { paddedRows } from "../../../src/engine/kernels/tiles.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { type OracleOptimizer, oracleOptimizer } from "../../reference/optimizers.ts";
import {
  batchSizes,
  OPTIMIZERS,
  replicaCounts,
  streams,
  stretchesOfZeros,
  TILINGS,
  widths,
} from "./arbitraries.ts";
import { clockWords, fitting, openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();

const shapes = fc.record({
  inputs: widths,
  units: widths,
  batch: batchSizes,
  replicas: replicaCounts,
  useBias: fc.boolean(),
  density: fc.constantFrom(1, 0.5, 0.5, 0.1, 0),
  stream: streams,
});

/** One replica's layer: what the kernel gets and what the oracle makes of it. */
class ReplicaCase {
  readonly mask: Float32Array<ArrayBuffer>;
  readonly weights: Float64Array;
  readonly biases: Float64Array;
  readonly states;

  constructor(
    readonly layer: DenseSpec,
    readonly optimizer: OracleOptimizer,
    density: number,
    stream: RandomStream,
  ) {
    const { inputs, units, useBias } = layer;
    this.mask = new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0);
    const normal = (size: number) => new Float64Array(size).map(() => Math.fround(stream.normal()));
    this.weights = normal(inputs * units).map((w, i) => w * this.mask[i]);
    this.biases = useBias ? normal(units) : new Float64Array(units);
    this.states = [inputs * units, units].map((size) => optimizer.start(size));
  }

  /** Updates with the gradient of `x` (batch, inputs) and `deltas` (batch, units). */
  update(x: Float32Array, deltas: Float32Array, batch: number): void {
    const { inputs, units, useBias } = this.layer;
    const byWeights = new Float64Array(inputs * units), byBiases = new Float64Array(units);
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < units; u++) {
        const d = deltas[b * units + u];
        if (useBias) byBiases[u] += d;
        for (let i = 0; i < inputs; i++) byWeights[i * units + u] += x[b * inputs + i] * d;
      }
    }
    this.optimizer.update(this.states[0], this.weights, byWeights, Float64Array.from(this.mask));
    if (useBias) this.optimizer.update(this.states[1], this.biases, byBiases);
  }
}

for (const spec of OPTIMIZERS) {
  for (const [name, runs, tilings] of TILINGS) {
    // The state of momentum and Adam, unrolled over a large tile, takes seconds to compile.
    const numRuns = Math.ceil(runs / (spec.kind === "sgd" ? 1.5 : 3));
    Deno.test(`weight gradient: three steps of ${spec.kind}, decay ${spec.weightDecay ?? 0}, agree with the oracle, ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(shapes, tilings, async (shape, drawn) => {
          const tiles = fitting(gpu, drawn);
          const { inputs, units, batch, replicas, stream } = shape;
          const layer: DenseSpec = { name: "layer", activation: null, ...shape };
          const rows = paddedRows(batch, tiles), size = matrixSize(layer);
          const inPitch = pitch(inputs), outPitch = pitch(units);
          // Each replica at a learning rate of its own.
          const rates = Array.from({ length: replicas }, (_, r) => spec.learningRate / (r + 1));
          const cases = Array.from(
            { length: replicas },
            (_, r) =>
              new ReplicaCase(layer, oracleOptimizer(spec, rates[r]), shape.density, stream),
          );
          const joined = (arrays: Float32Array[]) =>
            Float32Array.from(arrays.flatMap((array) => [...array]));
          await withScratch(gpu, async (scratch) => {
            const steps = [1, 2, 3];
            const { storage } = tiles, sizes = { replicas, rows };
            // What is under the mask and in the padding must stay as it is.
            const starts = cases.map(({ weights, biases, mask }) => {
              const packed = packWeights(
                layer,
                Float32Array.from(weights),
                Float32Array.from(biases),
                mask,
              );
              const live = packWeights(layer, mask, new Float32Array(units).fill(1), mask);
              return packed.map((w, i) => live[i] === 0 ? stream.normal() : w);
            });
            const first = scratch.matrix(
              storage,
              outPitch / 4,
              joined([...starts, new Float32Array(outPitch).fill(UNTOUCHED)]),
            );
            const second = scratch.outputMatrix(storage, outPitch / 4, replicas * inPitch + 1);
            // In a buffer they are updated in place, in textures from one to the other.
            const sides = storage === "buffers" ? [first, first] : [first, second];
            const state = Array.from(
              { length: stateCount(spec) },
              () => scratch.put(new Float32Array(replicas * size)),
            );
            const masks = cases.flatMap(({ mask }) => [...packMask(layer, mask)]);
            const ofX = scratch.outputMatrix(storage, inPitch / 4, replicas * rows);
            const ofDeltas = scratch.outputMatrix(storage, outPitch / 4, replicas * rows);
            const rowLists = tiles.skipsZeros
              ? scratch.output(replicas * rowListWords(layer, rows, tiles))
              : null;
            const buffers = {
              inputs: ofX,
              deltas: ofDeltas,
              mask: scratch.matrix(
                storage,
                maskWords(outPitch),
                Uint32Array.from(masks),
                "u8",
              ),
              clocks: scratch.put(clockWords(rates.map(() => 0))),
              lists: rowLists,
              state,
            };
            const [even, odd] = [[0, 1], [1, 0]].map(([from, to]) =>
              weightGradientSource(layer, spec, sizes, tiles, {
                ...buffers,
                weights: sides[from],
                updated: sides[to],
              })
            );
            const listing = rowLists
              ? [
                nonzeroSource(layer, sizes, tiles, {
                  inputs: ofX,
                  wordLists: scratch.output(replicas * wordListWords(layer, rows, tiles)),
                  rowLists,
                }),
              ]
              : [];
            for (const step of steps) {
              const x = new Float32Array(replicas * rows * inPitch);
              const deltas = new Float32Array(replicas * rows * outPitch);
              cases.forEach((replica, r) => {
                const examples = stretchesOfZeros(stream, batch * inputs);
                const gradient = new Float32Array(batch * units).map(() => stream.normal() / batch);
                for (let b = 0; b < batch; b++) {
                  const row = r * rows + b;
                  x.set(examples.subarray(b * inputs, (b + 1) * inputs), row * inPitch);
                  x[row * inPitch + inputs] = 1;
                  deltas.set(gradient.subarray(b * units, (b + 1) * units), row * outPitch);
                }
                replica.update(examples, gradient, batch);
              });
              writeMatrix(gpu, ofX, 0, inPitch / 4, x);
              writeMatrix(gpu, ofDeltas, 0, outPitch / 4, deltas);
              const stepSizes = rates.map((rate) => stepSize(spec, rate, step));
              const decays = rates.map((rate) => decayOf(spec, rate, spec.weightDecay ?? 0));
              const clocks = clockWords(rates.map(() => step), stepSizes, decays);
              scratch.write(buffers.clocks, clocks);
              await scratch.run([...listing, step % 2 === 1 ? even : odd]);
            }
            const matrices = [sides[1], ...state];
            for (const [m, buffer] of matrices.entries()) {
              const all = await scratch.floats(buffer);
              cases.forEach((replica, r) => {
                const packed = all.subarray(r * size, (r + 1) * size);
                const actual = unpackWeights(layer, packed);
                const [ofWeights, ofBiases] = m === 0
                  ? [replica.weights, replica.biases]
                  : replica.states.map(({ slots }) => slots[m - 1]);
                const kept = unpackWeights(layer, starts[r]);
                const masked = ofWeights.map((value, i) =>
                  replica.mask[i] === 0 ? (m === 0 ? kept.weights[i] : 0) : value
                );
                const what = `replica ${r}, ${["weights", "first state", "second state"][m]}`;
                const atol = m === 2 ? 1e-7 : 1e-5; // squares of small gradients
                assertAllClose(actual.weights, masked, { what, atol });
                const biases = m === 0 && !layer.useBias ? kept.biases : ofBiases;
                assertAllClose(actual.biases, biases, { what: `${what}, biases`, atol });
                const ones = new Float32Array(units).fill(1);
                const live = packWeights(layer, replica.mask, ones, replica.mask);
                const isKept = packed.every((value, i) =>
                  live[i] !== 0 || Object.is(value, m === 0 ? starts[r][i] : 0)
                );
                assert(isKept, `${what}: masked are exactly what they were`);
              });
              if (m > 0) continue;
              assertEquals(
                all.subarray(-outPitch).every((value) => value === UNTOUCHED),
                true,
                "guard",
              );
            }
          });
        }),
        { seed: 2, numRuns },
      );
    });
  }
}
