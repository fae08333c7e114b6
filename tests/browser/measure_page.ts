/**
 * Measures the page on this machine and prints it as JSON: iterations per second in Chromium and in
 * Deno, of LeNet-300-100 with SGD and batch 60; the page's weight; when it can be used; and the
 * longest task of its main thread while it trains.
 *
 * usage: deno run -A tests/browser/measure_page.ts
 */

import { fromFileUrl } from "@std/path";
import { prepareGpuEnvironment } from "../../src/engine/environment.ts";
import { withModulePage } from "./module_page.ts";
import { finished, ready, setFields, watchMainThread } from "./page_helpers.ts";
import { testSite, withSite } from "./site_page.ts";
import { siteWeight } from "./site_weight.ts";
import { timeTraining } from "./speed.ts";

const ITERATIONS = 50;

prepareGpuEnvironment();
const speed = fromFileUrl(new URL("speed.ts", import.meta.url));
const there = await withModulePage(speed, ({ page }) =>
  page.evaluate(
    (n) =>
      (globalThis as unknown as { testModule: { timeTraining: typeof timeTraining } }).testModule
        .timeTraining(n),
    ITERATIONS,
  ));
const here = await timeTraining(ITERATIONS);
const page = await withSite(async ({ openTab }) => {
  const page = await openTab();
  await ready(page);
  const interactive = await page.evaluate(
    () =>
      (performance.getEntriesByType("navigation")[0] as unknown as { domInteractive: number })
        .domInteractive,
  );
  await setFields(page, { iterations: "1", trainingLen: "60" });
  const stop = await watchMainThread(page);
  await page.click("#start");
  await finished(page);
  return { interactiveMilliseconds: interactive, longestTaskMilliseconds: await stop() };
});
const perSecond = (milliseconds: number) => Math.round(10_000 / milliseconds) / 10;
const result = {
  iterationsPerSecond: { chromium: perSecond(there), deno: perSecond(here) },
  gzipBytes: await siteWeight(await testSite()),
  ...page,
};
console.log(JSON.stringify(result, null, 2));
Deno.exit(0);
