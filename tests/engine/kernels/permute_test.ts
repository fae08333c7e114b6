import { assertEquals } from "@std/assert";
import permuteWgsl from "../../../shaders/permute.wgsl" with { type: "text" };
import { read, write } from "../../../src/engine/kernels/kernel.ts";
import { epochKey, permute, RandomStream, seedKey } from "../../../src/engine/random.ts";
import { openTestGpu, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();

const KERNEL = `
struct Case { index: u32, n: u32, epoch: u32, key: vec2u }
@group(0) @binding(0) var<storage, read> cases: array<Case>;
@group(0) @binding(1) var<storage, read_write> results: array<vec3u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < COUNT) {
    let c = cases[id.x];
    results[id.x] = vec3u(permute(c.index, c.n, c.key), epoch_key(c.key, c.epoch));
  }
}
`;

Deno.test("permute.wgsl gives the very numbers of permute() and epochKey()", async () => {
  const stream = new RandomStream(seedKey(1));
  const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 1000, 55_000, 60_000, 2 ** 20 + 1, 2 ** 31 - 1, 2 ** 31];
  const cases = Array.from({ length: 4000 }, (_, i) => {
    const n = sizes[i % sizes.length];
    const key = i < 100 ? seedKey(i % 3) : [stream.uint32(), stream.uint32()] as const;
    const epoch = i < 1000 ? stream.integerBelow(20) : stream.uint32();
    return { index: i < 500 ? n - 1 : stream.integerBelow(n), n, epoch, key };
  });
  await withScratch(gpu, async (scratch) => {
    const words = cases.flatMap(({ index, n, epoch, key }) => [index, n, epoch, 0, ...key]);
    const results = scratch.output(4 * cases.length);
    await scratch.run([{
      label: "permute",
      template: permuteWgsl + KERNEL,
      constants: { COUNT: cases.length },
      bindings: [read(scratch.put(Uint32Array.from(words))), write(results)],
      grid: [Math.ceil(cases.length / 64), 1, 1],
    }]);
    const actual = await scratch.words(results);
    cases.forEach(({ index, n, epoch, key }, i) =>
      assertEquals(
        [...actual.subarray(4 * i, 4 * i + 3)],
        [permute(index, n, key), ...epochKey(key, epoch)],
        `index ${index} of ${n}, epoch ${epoch}, key ${key}`,
      )
    );
  });
});
