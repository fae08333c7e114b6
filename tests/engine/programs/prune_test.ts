import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type PruneJob, pruneSmallest } from "../../../src/engine/programs/prune.ts";
import { CapacityError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/engine/device.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { pruneByPercentOracle } from "../../reference/prune.ts";
import { streams } from "../kernels/arbitraries.ts";
import { openTestGpu } from "../gpu.ts";

const gpu = await openTestGpu();

/** The `prune` smallest live magnitudes set to 0, ties by lowest index, by sorting. */
function pruneBySorting({ weights, mask, prune }: PruneJob): Float32Array {
  const live = Array.from(weights.keys()).filter((i) => mask[i] !== 0);
  live.sort((a, b) => Math.abs(weights[a]) - Math.abs(weights[b]) || a - b);
  const pruned = new Set(live.slice(0, prune));
  return Float32Array.from(mask, (m, i) => pruned.has(i) ? 0 : m);
}

async function assertPruned(jobs: PruneJob[], what?: string): Promise<void> {
  const given = jobs.map(({ mask }) => mask.slice());
  assertEquals(await pruneSmallest(gpu, jobs), jobs.map(pruneBySorting), what);
  assertEquals(jobs.map(({ mask }) => mask), given, "the given masks stay");
}

/** A finite float of any bit pattern. */
function anyFloat(stream: RandomStream): number {
  const [value] = new Float32Array(Uint32Array.of(stream.uint32()).buffer);
  return Number.isFinite(value) ? value : 1;
}

/** A finite float whose bytes are the first and last of what a byte can be. */
function extremeBytes(stream: RandomStream): number {
  const pick = (values: number[]) => values[stream.integerBelow(values.length)];
  const bytes = [0, 1, 254, 255], top = [0, 1, 0x7e, 0x80, 0xbf];
  return new Float32Array(
    Uint8Array.of(pick(bytes), pick(bytes), pick(bytes), pick(top)).buffer,
  )[0];
}

/** Kinds of weights; most of them tie with others or differ in few bits. */
const WEIGHTS: Record<string, (stream: RandomStream) => number> = {
  normal: (stream) => stream.normal(),
  "any exponent": anyFloat,
  "extreme bytes": extremeBytes,
  denormal: (stream) => (stream.integerBelow(2001) - 1000) * 2 ** -149,
  "few values": (stream) => stream.integerBelow(7) - 3,
  "all equal": () => -0.25,
  zeros: (stream) => stream.integerBelow(2) === 0 ? 0 : -0,
  "lowest bits": (stream) => 1 + stream.integerBelow(1000) * 2 ** -23,
  "zeros among others": (stream) => stream.integerBelow(3) === 0 ? 0 : stream.normal(),
};

const SMALL = fc.oneof(
  fc.constantFrom(1, 2, 255, 256, 257, 511, 512, 513),
  fc.integer({ min: 1, max: 3000 }),
);
/** Weights that a workgroup scans. */
const CHUNK = 32_768;
const LARGE = fc.oneof(
  fc.constantFrom(CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3),
  fc.integer({ min: CHUNK + 2, max: 4 * CHUNK }),
);

const jobsOf = (size: fc.Arbitrary<number>, kinds = Object.keys(WEIGHTS)) =>
  fc.record({
    size,
    kind: fc.constantFrom(...kinds),
    density: fc.constantFrom(1, 0.5, 0.01, 0),
    /** Of the live weights; above 1, one less than all. */
    fraction: fc.oneof(fc.constantFrom(0, 1, 2), fc.double({ min: 0, max: 1, noNaN: true })),
    stream: streams,
  }).map(({ size, kind, density, fraction, stream }): PruneJob => {
    const mask = new Float32Array(size).map(() => stream.uniform() < density ? 1 : 0);
    const live = mask.reduce((a, b) => a + b, 0);
    const prune = fraction > 1 ? Math.max(0, live - 1) : Math.round(fraction * live);
    return { mask, prune, weights: new Float32Array(size).map(() => WEIGHTS[kind](stream)) };
  });

Deno.test("prune: agrees with a sort, several layers at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(jobsOf(SMALL), { minLength: 1, maxLength: 8 }),
      (jobs) => assertPruned(jobs),
    ),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("prune: agrees with a sort over several workgroups, most of them full of ties", async () => {
  const many = ["few values", "all equal", "zeros", "lowest bits", "zeros among others"];
  const several = fc.tuple(jobsOf(LARGE, many), jobsOf(SMALL), jobsOf(LARGE, many));
  await fc.assert(
    fc.asyncProperty(several, (jobs) => assertPruned(jobs)),
    { seed: 1, numRuns: 12 },
  );
});

Deno.test("prune: 10 million weights, 8 of 10 live, agree with a sort, ties by lowest index", async () => {
  const stream = new RandomStream(seedKey(3)), size = 10_000_000;
  const weights = new Float32Array(size), mask = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const bits = stream.uint32();
    // Of a million values: each is shared by some ten weights.
    weights[i] = (bits % 2_000_001 - 1_000_000) / 1_000_000;
    mask[i] = (bits >>> 8) % 10 < 8 ? 1 : 0;
  }
  const sizes = weights.filter((_, i) => mask[i] === 1).map(Math.abs).sort();
  const prune = Math.round(0.37 * sizes.length), threshold = sizes[prune - 1];
  const below = sizes.findIndex((value) => value >= threshold);
  assert(sizes[prune] === threshold && below < prune - 1, "the threshold is shared");
  let due = prune - below, wrong = 0;
  const [pruned] = await pruneSmallest(gpu, [{ weights, mask, prune }]);
  for (let i = 0; i < size; i++) {
    const value = Math.abs(weights[i]);
    const goes = value < threshold || (mask[i] === 1 && value === threshold && due-- > 0);
    if (pruned[i] !== (goes ? 0 : mask[i])) wrong++;
  }
  assertEquals(wrong, 0);
});

Deno.test("prune: more weights than a buffer holds are refused before anything is copied", async () => {
  const limits = { maxBufferSize: 1 << 20, maxStorageBufferBindingSize: 399 };
  const small = new Gpu({ limits, lost: new Promise(() => {}), addEventListener() {} } as never, {
    ...{ ...gpu.adapter, name: "small" },
  });
  const job = { weights: new Float32Array(97), mask: new Float32Array(97).fill(1), prune: 3 };
  const message = 'pruning among 97 weights takes buffers of 0.4 kB, and "small" holds at most';
  await assertRejects(() => pruneSmallest(small, [job]), CapacityError, message);
});

Deno.test("prune: every kind of weights at every count", async () => {
  const stream = new RandomStream(seedKey(1)), size = 25;
  for (const [kind, draw] of Object.entries(WEIGHTS)) {
    const weights = new Float32Array(size).map(() => draw(stream));
    const mask = new Float32Array(size).map((_, i) => i % 5 === 3 ? 0 : 1);
    const counts = Array.from({ length: 21 }, (_, prune) => ({ weights, mask, prune }));
    await assertPruned(counts, kind);
  }
});

Deno.test("prune: hand-worked cases", async () => {
  const job = (weights: number[], mask: number[], prune: number): PruneJob => ({
    weights: Float32Array.from(weights),
    mask: Float32Array.from(mask),
    prune,
  });
  const cases: [PruneJob, number[]][] = [
    [job([0.5, -0.1, 0.3, -0.9, 0.2], [1, 1, 1, 1, 1], 2), [1, 0, 1, 1, 0]],
    [job([0.5, -0.1, 0.3, -0.9, 0.2], [1, 0, 1, 1, 0], 1), [1, 0, 0, 1, 0]],
    [job([1, -1, 1, -1], [1, 1, 1, 1], 3), [0, 0, 0, 1]],
    [job([0, -0, 0], [1, 1, 1], 1), [0, 1, 1]],
    [job([-7], [1], 0), [1]],
    [job([-7], [1], 1), [0]],
    [job([0, 0, 5], [0, 0, 1], 0), [0, 0, 1]],
    [job([0, 0, 5], [0, 0, 1], 1), [0, 0, 0]],
    [job([1, 2, 3], [0, 0, 0], 0), [0, 0, 0]],
    [job([], [], 0), []],
    [job([3.4e38, 1e-45, -1e-45], [1, 1, 1], 1), [1, 0, 1]],
  ];
  const masks = await pruneSmallest(gpu, cases.map(([job]) => job));
  assertEquals(masks, cases.map(([, mask]) => Float32Array.from(mask)));
  assertEquals(await pruneSmallest(gpu, []), []);
  assertEquals(await pruneSmallest(gpu, [job([], [], 0)]), [new Float32Array()]);
});

Deno.test("prune: the layers of LeNet-300-100 at the paper's rates, level by level", async () => {
  const stream = new RandomStream(seedKey(2));
  const sizes = [784 * 300, 300 * 100, 100 * 10], percents = [0.2, 0.2, 0.1];
  let masks = sizes.map((size) => new Float32Array(size).fill(1));
  for (let level = 1; level <= 3; level++) {
    const jobs = masks.map((mask, i): PruneJob => ({
      // Weights of two decimals, so that the threshold is shared by hundreds.
      weights: mask.map((m) => m * Math.round(10_000 * stream.normal()) / 10_000),
      mask,
      prune: Math.round(percents[i] * mask.reduce((a, b) => a + b, 0)),
    }));
    const next = await pruneSmallest(gpu, jobs);
    const expected = jobs.map(({ weights, mask }, i) =>
      pruneByPercentOracle(weights, mask as Float32Array<ArrayBuffer>, percents[i])
    );
    assertEquals(next.map((mask) => mask.slice()), expected);
    masks = next.map((mask) => mask.slice());
  }
  const live = masks.map((mask) => mask.reduce((a, b) => a + b, 0));
  assertEquals(live, [120_422, 15_360, 729]); // rounded at each level
});
