import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { assertAllClose } from "../reference/allclose.ts";
import { withModulePage } from "./module_page.ts";
import { PRUNED, runScenario, type ScenarioNetwork, type ScenarioResult } from "./scenario.ts";

declare global {
  /** The module that the page has loaded; it is there in Chromium alone. */
  var testModule: { runScenario: typeof runScenario };
}

/** The scenario in Chromium, where nothing may go wrong, and here. */
async function runBoth(
  density: number,
  network: ScenarioNetwork = "dense",
): Promise<Record<"there" | "here", ScenarioResult>> {
  const entry = fromFileUrl(new URL("scenario.ts", import.meta.url));
  const there = await withModulePage(entry, async ({ page, errors, strangers }) => {
    const result = await page.evaluate(
      ({ density, network }) => globalThis.testModule.runScenario(density, network),
      { density, network },
    );
    assertEquals([errors, strangers], [[], []]);
    return result;
  });
  return { there, here: await runScenario(density, network) };
}

function assertSameTraining(there: ScenarioResult, here: ScenarioResult): void {
  assertEquals(there.losses.length, 20);
  assertAllClose(there.losses, here.losses, { atol: 1e-4, what: "losses" });
  assertAlmostEquals(there.testAccuracy, here.testAccuracy, 0.01);
  for (const i of here.weights.keys()) {
    const tolerance = { rtol: 1e-4, atol: 1e-4 };
    assertAllClose(there.weights[i], here.weights[i], { ...tolerance, what: `weights ${i}` });
    assertAllClose(there.biases[i], here.biases[i], { ...tolerance, what: `biases ${i}` });
  }
}

// Twenty iterations at a rate for dense layers teach convolutions little.
for (const [network, share] of [["dense", 0.5], ["convolutions", 0.95]] as const) {
  Deno.test(`Chromium trains, evaluates and prunes as Deno does: ${network}`, async () => {
    const { there, here } = await runBoth(1, network);
    const { losses } = there;
    assert(losses[19] < share * losses[0], `it does not learn: losses ${losses}`);
    assertSameTraining(there, here);
    for (const i of here.weights.keys()) {
      for (const mask of [there.masks[i], here.masks[i]]) {
        const pruned = PRUNED[network][i];
        assertEquals(mask.length, here.weights[i].length);
        assertEquals(mask.filter((value) => value === 0).length, pruned);
        assertEquals(mask.filter((value) => value === 1).length, mask.length - pruned);
      }
    }
  });
}

Deno.test("Chromium trains lists of live weights as Deno does", async () => {
  const { there, here } = await runBoth(0.1);
  assert(there.losses[19] < there.losses[0], `it does not learn: losses ${there.losses}`);
  assertSameTraining(there, here);
  assertEquals(there.masks, here.masks);
  there.weights.forEach((weights, i) =>
    assert(weights.every((weight, at) => weight === 0 || there.masks[i][at] === 1))
  );
});
