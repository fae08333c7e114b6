import { assert, assertEquals } from "@std/assert";
import type { Gpu } from "../../../src/engine/device.ts";
import type { Kernel } from "../../../src/engine/kernels/kernel.ts";
import { Dispatched, jobOf, KernelCosts } from "../../../src/engine/submits/kernel_costs.ts";
import { Submits } from "../../../src/engine/submits/submits.ts";

/** Kernels of an iteration on a device that takes so many milliseconds for each. */
function simulated(milliseconds: readonly number[]) {
  const kernels = milliseconds.map((_, i): Kernel => ({
    label: `kernel ${i}`,
    work: null,
    pipeline: { label: `kernel ${i}` } as GPUComputePipeline,
    bindings: {} as GPUBindGroup,
    grid: [1, 1, 1],
    lanes: 1,
    ahead: 1,
  }));
  let open: GPUComputePipeline[] = [];
  const submitted: GPUComputePipeline[][] = [];
  const pass = {
    setPipeline: (pipeline: GPUComputePipeline) => open.push(pipeline),
    setBindGroup() {},
    dispatchWorkgroups() {},
    end() {},
  };
  const device = {
    createCommandEncoder: () => ({ beginComputePass: () => pass, finish: () => open }),
    queue: {
      submit([commands]: [GPUComputePipeline[]]) {
        submitted.push(commands);
        open = [];
      },
    },
  };
  const times = new Map(kernels.map(({ pipeline }, i) => [pipeline, milliseconds[i]]));
  const took = (pipelines: GPUComputePipeline[], slowness: number) =>
    slowness * pipelines.reduce((sum, pipeline) => sum + times.get(pipeline)!, 0);
  /** Runs iterations; says how long each submit took, and tells `costs` as `timed` has it. */
  const run = (
    costs: KernelCosts,
    iterations: number,
    { slowness = 1, timed = (ms: number) => ms, bySubmit = true } = {},
  ): number[] => {
    submitted.length = 0;
    const submits = new Submits({ device } as unknown as Gpu, costs);
    for (let i = 0; i < iterations; i++) for (const kernel of kernels) submits.add(kernel);
    const { all: held } = submits.end();
    const order = Array(iterations).fill(kernels.map(({ pipeline }) => pipeline)).flat();
    assertEquals(submitted.flat(), order, "all kernels in their order");
    assertEquals(held.length, submitted.length);
    const all = submitted.map((pipelines) => took(pipelines, slowness));
    if (bySubmit) held.forEach((dispatched, i) => costs.learn(dispatched, timed(all[i])));
    else costs.learn(Dispatched.all(held), timed(all.reduce((a, b) => a + b, 0)));
    return all;
  };
  return { kernels, run };
}

/** Milliseconds of the kernels of an iteration: 5.5 in all. */
const ITERATION = [0.05, 0.4, 1.5, 0.2, 0.01, 3, 0.3, 0.04];
const SUM = ITERATION.reduce((a, b) => a + b, 0);
const GROWTH = [1, 4, 16, 64];

Deno.test("submits: without a budget a burst is one", () => {
  const { run } = simulated(ITERATION), costs = new KernelCosts({ submitMilliseconds: null });
  for (const iterations of GROWTH) assertEquals(run(costs, iterations).length, 1);
});

Deno.test("submits: a kernel that was never timed has one for itself, then they are filled", () => {
  const { run } = simulated(ITERATION), costs = new KernelCosts({ submitMilliseconds: 12 });
  assertEquals(run(costs, 1), ITERATION);
  for (const iterations of GROWTH.slice(1)) {
    const times = run(costs, iterations), longest = Math.max(...times);
    assert(longest <= 12, `${longest} ms`);
    // All but the last are so full that the longest kernel does not fit any more.
    const least = 0.7 * 12 - Math.max(...ITERATION);
    assert(times.slice(0, -1).every((ms) => ms > least), `${times}`);
  }
});

Deno.test("submits: those of a large network are cut between kernels, of a larger one at each", () => {
  for (const [scale, submits] of [[4, 6], [10, 8], [1000, 8]]) {
    const large = ITERATION.map((ms) => scale * ms);
    const { run } = simulated(large), costs = new KernelCosts({ submitMilliseconds: 12 });
    run(costs, 1);
    const times = run(costs, 1);
    // One kernel of 12 ms, or of more, has its own submit: it cannot be cut.
    assert(times.length <= submits, `${times}`);
    assert(times.every((ms) => ms <= 12 || large.includes(ms)), `${times}`);
  }
});

Deno.test("submits: timestamps rounded to 0.1 ms, as browsers do, keep the budget too", () => {
  const timed = (ms: number) => Math.floor(10 * ms) / 10;
  for (const scale of [0.001, 0.01, 0.1, 1]) {
    const { run } = simulated(ITERATION.map((ms) => scale * ms)),
      costs = new KernelCosts({ submitMilliseconds: 12 });
    run(costs, 1, { timed });
    for (const iterations of GROWTH.slice(1)) {
      const longest = Math.max(...run(costs, iterations, { timed }));
      assert(longest <= 12, `${longest} ms at ${scale}`);
    }
    for (let i = 0; i < 5; i++) run(costs, 2000, { timed });
    const perSubmit = 2000 * scale * SUM / run(costs, 2000, { timed }).length;
    assert(perSubmit > 6 || scale * SUM * 2000 < 12, `${perSubmit} ms at ${scale}`);
  }
});

Deno.test("submits: a GPU that becomes slow, or is held up once, is followed", () => {
  const { run } = simulated(ITERATION), costs = new KernelCosts({ submitMilliseconds: 12 });
  for (const iterations of GROWTH) run(costs, iterations);
  const usual = run(costs, 64).length;
  run(costs, 64, { slowness: 3 });
  assert(Math.max(...run(costs, 64, { slowness: 3 })) <= 12);
  // A fall counts by half.
  for (let i = 0; i < 3; i++) run(costs, 64);
  assertEquals(run(costs, 64).length, usual);
  let first = true;
  run(costs, 64, { timed: (ms) => first ? (first = false, 500) : ms });
  assertEquals(run(costs, 64).length, usual);
  // Clocks that were set anew.
  for (const broken of [-1e12, NaN]) run(costs, 64, { timed: () => broken });
  assertEquals(run(costs, 64).length, usual);
});

Deno.test("submits: where there are no timestamps, the wall time of bursts keeps the budget", () => {
  // The way there and back takes 2 ms.
  const how = { bySubmit: false, timed: (ms: number) => ms + 2 };
  for (const scale of [0.01, 0.1, 1]) {
    const { run } = simulated(ITERATION.map((ms) => scale * ms)),
      costs = new KernelCosts({ submitMilliseconds: 12 });
    for (const iterations of GROWTH) {
      const longest = Math.max(...run(costs, iterations, how));
      assert(longest <= 12, `${longest} ms at ${scale}`);
    }
    for (let i = 0; i < 6; i++) run(costs, 1000, how);
    const perSubmit = 1000 * scale * SUM / run(costs, 1000, how).length;
    assert(perSubmit > 5.5, `${perSubmit} ms at ${scale}`);
  }
});

Deno.test("submits: kernels of one pipeline over other grids have costs of their own", () => {
  const costs = new KernelCosts({ submitMilliseconds: 100 });
  const pipeline = { label: "forward" } as GPUComputePipeline;
  const small = jobOf({ pipeline, grid: [3, 15, 1] }),
    large = jobOf({ pipeline, grid: [3, 250, 1] });
  assert(small === jobOf({ pipeline, grid: [3, 15, 1] }));
  for (const [job, milliseconds] of [[small, 2], [large, 30]] as const) {
    const dispatched = new Dispatched();
    dispatched.add(job, costs.of(job));
    costs.learn(dispatched, milliseconds);
  }
  assertEquals([small, large].map((job) => costs.of(job)), [2, 30]);
  const other = { label: "other" } as GPUComputePipeline;
  assertEquals(costs.of(jobOf({ pipeline: other, grid: [3, 15, 1] })), Infinity);
});

Deno.test("submits: a kernel that does its work several times in a dispatch does it as often as there is time for", () => {
  const gpu = { submitMilliseconds: null as number | null }, costs = new KernelCosts(gpu);
  const [one, other] = ["one", "other"].map((label) => ({ label }) as GPUComputePipeline);
  assertEquals(costs.mostTimes(one), Infinity);
  gpu.submitMilliseconds = 100;
  assertEquals(costs.mostTimes(one), 1);
  // Eight times in 32 ms; 70 of the 100 are filled.
  const dispatched = new Dispatched();
  dispatched.add(one, costs.of(one), 3);
  dispatched.add(one, costs.of(one), 5);
  costs.learn(dispatched, 32);
  assertEquals([costs.of(one), costs.mostTimes(one)], [4, 17]);
  const open = new Dispatched();
  open.add(one, costs.of(one), 10);
  assertEquals(open.expected, 40);
  assertEquals([7, 8].map((times) => costs.fits(open, one, times)), [true, false]);
  // One that is slower than the budget is done once.
  const slow = new Dispatched();
  slow.add(other, costs.of(other));
  costs.learn(slow, 500);
  assertEquals(costs.mostTimes(other), 1);
});
