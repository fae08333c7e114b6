/** The tasks that measure, with as little to measure as they take. */

import { assert, assertEquals } from "@std/assert";
import type { Work } from "../../src/engine/kernels/kernel.ts";
import { processorIn, processorText } from "../../tasks/lib/processor.ts";
import { runTask, succeed } from "../../tasks/lib/task_process.ts";

const TABLE = "src/engine/tuned.json";

Deno.test("tune measures the parts that are asked for, and prints what it would write", async () => {
  const before = await Deno.readTextFile(TABLE);
  const { stdout, stderr } = await succeed(
    ...["tune", "--only=replicas", "--rounds=1", "--iterations=5", "--no-write", "--json"] as const,
  );
  const { adapter, class: name, tuned, trials } = JSON.parse(stdout);
  assert(stderr.startsWith(`${adapter.name} (${name}), `), stderr);
  const [{ setting, milliseconds, chosen, isDecided }, ...none] = trials;
  assertEquals([setting, Object.keys(milliseconds), none], [
    "replicas",
    "1,2,4,8,16,32".split(","),
    [],
  ]);
  assert(Object.values(milliseconds).every((ms) => Number(ms) > 0));
  assertEquals(tuned.replicas, isDecided ? chosen : null);
  const least = Math.min(...Object.values<number>(milliseconds));
  assert(milliseconds[chosen] <= least / 0.95, `${chosen} of ${JSON.stringify(milliseconds)}`);
  const { replicas: _, measured: __, ...others } = tuned;
  const { replicas: ___, measured: ____, ...same } = JSON.parse(before)[name];
  assertEquals(others, same);
  assertEquals(await Deno.readTextFile(TABLE), before);
});

Deno.test("bench says what it ran on, and times iterations", async () => {
  const { stdout, stderr } = await succeed(
    ...[
      "bench",
      "--network=lenet-5",
      "--no-peers",
      "--rounds=1",
      "--iterations=1",
      "--json",
    ] as const,
  );
  const { adapter, processor, rows } = JSON.parse(stdout);
  assertEquals(processor.cores, navigator.hardwareConcurrency);
  const [first] = stderr.split("\n");
  assert(first.startsWith(`${adapter.name}; ${processorText(processor)}; `), first);
  for (const { what, value } of rows) assert(Number.isFinite(value) && value > 0, what);
});

Deno.test("profile says what other choices should take, and refuses values that are not tried", async () => {
  const profile = ["--expect=h100", "--json"];
  const kernels = async (...flags: string[]) => {
    const { stdout } = await succeed("profile", ...profile, ...flags);
    return JSON.parse(stdout).expected as { label: string; work: Work; microseconds: number }[];
  };
  const [, whole] = await kernels();
  const [, parts, sum] = await kernels("--choose=dense tiles=shared,forwardParts=4");
  assertEquals([whole, parts, sum].map(({ label }) => label), [
    "forward layer0",
    "forward layer0, in parts",
    "forward layer0, sum",
  ]);
  assertEquals(parts.work.flops, whole.work.flops);
  assert(parts.work.groupBytes! < whole.work.groupBytes!);
  assert(parts.microseconds < whole.microseconds);
  // No value is not 0, which is one of groupRows.
  for (const choice of ["rows=3", "groupRows", "groupRows="]) {
    const { code, stderr } = await runTask("profile", [...profile, `--choose=${choice}`]);
    assertEquals(code, 2);
    assert(stderr.includes(`--choose "${choice}" names no setting with this value`), stderr);
  }
});

Deno.test("processor: its name and widest vectors, or what is known without", () => {
  const text =
    "Architecture: x86_64\nModel name:   AMD EPYC\nFlags:   fpu sse4_2 avx avx2 avx512f\n";
  assertEquals(processorIn(text, 2, "x86_64"), {
    cores: 2,
    name: "AMD EPYC",
    instructions: "AVX-512",
  });
  assertEquals(processorText(processorIn(text, 2, "x86_64")), "2 cores of AMD EPYC, AVX-512");
  const without = text.replace(" avx512f", "").replace(/Model.*\n/, "");
  assertEquals(processorText(processorIn(without, 1, "x86_64")), "1 core, AVX2");
  assertEquals(processorText(processorIn(null, 8, "aarch64")), "8 cores, aarch64");
  assertEquals(processorIn("Flags: fp asimd sve\n", 4, "aarch64").instructions, "SVE");
});
