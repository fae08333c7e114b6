import { assert, assertEquals, assertRejects } from "@std/assert";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { InputError } from "../../src/errors.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { loadHere } from "../../src/web/examples.ts";
import { pixelMap } from "../../src/web/live.ts";
import { forBrowser } from "../../src/web/web_flags.ts";

Deno.test("the page offers every dataset but those in archives", () => {
  const { choices } = forBrowser(runFlags).dataset;
  assertEquals(choices, runFlags.dataset.choices?.filter((name) => name !== "cifar-10"));
  assert(choices!.length < runFlags.dataset.choices!.length);
});

Deno.test("runs on a dataset that the page does not offer say where they can be trained", async () => {
  await assertRejects(
    () => loadHere(new MemoryStorage(), "cifar-10", null, () => {}),
    InputError,
    "cifar-10 is not in this browser: drop its files (data_batch_1.bin … test_batch.bin) on the page",
  );
});

Deno.test("pixel map: the channels of a pixel together", () => {
  const run = { kind: "ticket", trial: 1, level: 0, run: 0 } as const;
  const mask = { shape: [12, 2], data: new Float32Array(24).map((_, i) => i < 9 ? 1 : 0) };
  const { live, units, width, height } = pixelMap(run, mask, [2, 2, 3])!;
  assertEquals({ live: [...live], units, width, height }, {
    ...{ live: [6, 3, 0, 0], units: 6, width: 2, height: 2 },
  });
  assertEquals([...pixelMap(run, mask, [3, 4])!.live].length, 12);
  assertEquals([pixelMap(run, mask, [12])!.width, pixelMap(run, mask, [12])!.height], [12, 1]);
});
