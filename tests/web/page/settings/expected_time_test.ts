import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { runFlags } from "../../../../src/commands/flags/run_flags.ts";
import { resolveProtocol } from "../../../../src/commands/flags/resolve_protocol.ts";
import { parseFlags } from "../../../../src/flags/parse.ts";
import { networkLayers } from "../../../../src/models/layers.ts";
import { NETWORKS } from "../../../../src/models/networks.ts";
import {
  aboutText,
  expectedSeconds,
  keepSeconds,
  productsOf,
  workOf,
} from "../../../../src/web/page/settings/expected_time.ts";
import type { ValidSettings } from "../../../../src/web/page/settings/settings_form.ts";

function settings(...args: string[]): ValidSettings {
  const values = parseFlags(args, runFlags);
  return { values, protocol: resolveProtocol(values), args };
}

const adapter = (isSoftware: boolean) =>
  ({ name: `adapter ${isSoftware}`, isSoftware }) as Parameters<typeof expectedSeconds>[1];

Deno.test("products of a network: as counted by hand", () => {
  const dense = networkLayers(NETWORKS["lenet-300-100"].hidden, [28, 28], 10);
  assertEquals(productsOf(dense), 784 * 300 + 300 * 100 + 100 * 10);
  const lenet5 = networkLayers(NETWORKS["lenet-5"].hidden, [28, 28], 10);
  const convolutions = 24 * 24 * 25 * 20 + 8 * 8 * 25 * 20 * 50;
  assertEquals(productsOf(lenet5), convolutions + 800 * 500 + 500 * 10);
});

Deno.test("work: levels, the full network and the control, of every trial; what cannot be is null", () => {
  const one = workOf(settings("--iterations=2", "--training-len=10"))!;
  assertEquals([one.iterations, one.hasConvolutions], [40, false]);
  // 10 iterations of 60 three times, 15,000 examples looked at before and after.
  assertEquals(one.products, 4 * (3 * 600 + 2 * 15_000) * 266_200);
  const many = workOf(settings("--iterations=2", "--training-len=10", "--trials=1-3"))!;
  assertEquals(many.iterations, 120);
  assertEquals(workOf(settings("--training-len=epochs:1", "--iterations=0"))!.iterations, 917);
  assertEquals(workOf(settings("--protocol=conv-2"))!.hasConvolutions, true);
  assertEquals(workOf(settings("--layers=conv31x31v:4")), null);
});

Deno.test("expected time: a run that was timed corrects the next ones of its adapter and kind", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const short = workOf(settings("--training-len=100"))!, long = { ...short };
  long.iterations *= 3;
  long.products *= 3;
  const software = adapter(true), card = adapter(false);
  assert(expectedSeconds(short, software, null) > 10 * expectedSeconds(short, card, null));
  keepSeconds(short, software, 50, storage);
  assertAlmostEquals(expectedSeconds(long, software, storage), 150, 1e-9);
  assertEquals(expectedSeconds(long, card, storage), expectedSeconds(long, card, null));
  keepSeconds(short, card, NaN, storage);
  assertEquals(kept.size, 1);
});

Deno.test("expected time in words", () => {
  assertEquals([3, 42, 125, 3 * 3600, 5 * 86400].map(aboutText), [
    "a few seconds",
    "about 50 seconds",
    "about 2 minutes",
    "about 3 hours",
    "about 5 days",
  ]);
});
