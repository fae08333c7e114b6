/** What kernels should take on GPUs that nobody here has. */

import { assertEquals } from "@std/assert";
import type { Work } from "../../src/engine/kernels/kernel.ts";
import { expectedTime } from "../../tasks/lib/expected_time.ts";

Deno.test("a kernel takes what the tightest of a GPU's limits allows, and its dispatch", () => {
  const gpu = {
    ...{ name: "G", lanes: 1000, gigahertz: 2, bandwidth: 100, cache: 200 },
    ...{ processor: { lanes: 100, cache: 50 }, load: 10, block: 100, dispatch: 1000 },
  };
  const expect = (flops: number, bytes: number, invocations: number, more: Partial<Work> = {}) =>
    expectedTime({ work: { flops, bytes, ...more }, invocations }, gpu);
  // 8e6 / 1000 lanes / 2 GHz: 4000 ns, and 1000 of the dispatch.
  assertEquals(expect(8e6, 0, 5000), { microseconds: 5, bound: "arithmetic" });
  assertEquals(expect(8e6, 0, 250), { microseconds: 17, bound: "few lanes" });
  assertEquals(expect(8e6, 9e5, 5000), { microseconds: 10, bound: "memory" });
  // Each of the workgroups reads its own.
  assertEquals(expect(8e6, 8e4, 5000, { groupBytes: 2e6 }), { microseconds: 11, bound: "cache" });
  // 700 loads of 10 ns after each other, or 70 blocks of 100; more invocations hide them.
  for (const more of [{ loads: 700 }, { blocks: 70 }]) {
    assertEquals(expect(8, 8, 500, more), { microseconds: 8, bound: "latency" });
    assertEquals(expect(8, 8, 5000, more).bound, "dispatch");
  }
  assertEquals(expect(8, 8, 5000), { microseconds: 1.00008, bound: "dispatch" });
  assertEquals(expectedTime({ work: null, invocations: 8 }, gpu), {
    microseconds: 1,
    bound: "dispatch",
  });
  // A slow cache: 4e6 multiply-adds of each of 250 invocations, 16 for a load of 100 ns, 4 at once.
  assertEquals(
    expectedTime({ work: { flops: 2e9, bytes: 0 }, invocations: 250 }, { ...gpu, load: 100 }),
    { microseconds: 6251, bound: "latency" },
  );
  // Of two workgroups of 200 invocations, each has the 100 lanes of a processor.
  const two = { invocations: 400, groups: 2 };
  const work = { flops: 8e6, bytes: 0, loads: 100, laneBytes: 1e6 };
  assertEquals(expectedTime({ work, ...two }, gpu), { microseconds: 21, bound: "few lanes" });
  const loading = { ...work, laneBytes: 4e6 };
  assertEquals(expectedTime({ work: loading, ...two }, gpu), { microseconds: 41, bound: "cache" });
  const waiting = { ...work, loads: 3000 };
  assertEquals(expectedTime({ work: waiting, ...two }, gpu), {
    microseconds: 31,
    bound: "latency",
  });
});
