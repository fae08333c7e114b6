/**
 * Times training in Chromium: ours and TensorFlow.js's, each on a page of its own, in turn, the
 * order reversed in every other round. Prints the medians of milliseconds per iteration as JSON.
 *
 * usage: deno run -A tests/browser/time_pages.ts ROUNDS
 */

import { fromFileUrl } from "@std/path";
import type { Page } from "playwright-core";
import { median } from "../../src/foundations/tuning/search.ts";
import { withModulePage } from "./module_page.ts";

/** The module that a page has loaded. */
interface Timed {
  timeTraining(iterations: number): Promise<number>;
}

const file = (name: string) => fromFileUrl(new URL(`../${name}`, import.meta.url));
const time = (page: Page, iterations: number): Promise<number> =>
  page.evaluate(
    (n) => (globalThis as unknown as { testModule: Timed }).testModule.timeTraining(n),
    iterations,
  );
const ours: number[] = [], theirs: number[] = [];
await withModulePage(
  file("browser/speed.ts"),
  (own) =>
    withModulePage(file("peers/tfjs_page.ts"), async (other) => {
      const measurements = [
        async () => void ours.push(await time(own.page, 50)),
        async () => void theirs.push(await time(other.page, 10)),
      ];
      for (let round = 0; round < Number(Deno.args[0]); round++) {
        const order = round % 2 === 0 ? measurements : measurements.toReversed();
        for (const measure of order) await measure();
      }
    }, file("peers/deno.json")),
);
console.log(JSON.stringify({ ours: median(ours), theirs: median(theirs) }));
