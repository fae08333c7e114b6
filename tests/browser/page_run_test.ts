import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  finished,
  focusedId,
  ready,
  setFields,
  tabTo,
  TINY,
  watchMainThread,
} from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

Deno.test("an experiment from settings to drawing by the keyboard alone, the page awake", async () => {
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    for (const [key, text] of Object.entries(TINY)) {
      if (key === "layers") {
        await page.keyboard.press("Tab");
        await page.locator("details.group summary").first().focus();
        await page.keyboard.press("Enter");
      }
      await tabTo(page, `setting-${key}`);
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.type(text);
    }
    assertMatch(
      await page.locator("#command").innerText(),
      /^deno task run-lottery .*--layers=20 --training-len=20 --iterations=1/,
    );
    const stopWatching = await watchMainThread(page);
    await tabTo(page, "start-below");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#run:not([hidden])");
    assertEquals(await focusedId(page), "run-stage");
    await finished(page);
    await page.waitForSelector("#accuracy img");
    const longest = await stopWatching();
    assert(longest <= 100, `the main thread was busy for ${longest} ms at once`);

    assertMatch(await page.locator("#verdict").innerText(), /^With 80\.\d% of its weights/);
    assertEquals(await page.locator("#table tbody tr").count(), 3);
    assertEquals(await page.locator("#maps canvas").count(), 2);
    assertMatch(await page.locator("#experiments").innerText(), /3 runs, finished/);

    const pad = page.locator(".pad canvas");
    await page.locator("#run-files button").last().focus();
    await page.keyboard.press("Tab");
    assertEquals(
      await pad.evaluate((canvas) => canvas === canvas.ownerDocument.activeElement),
      true,
    );
    await page.keyboard.press("Space");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowDown");
    const answers = page.locator(".answer .says");
    await page.waitForSelector(".bars .best");
    for (const text of await answers.allInnerTexts()) assertMatch(text, /^\d\s+with \d+\.\d%$/);
    await page.keyboard.press("Delete");
    await page.waitForSelector(".bars .best", { state: "detached" });
    assertEquals([errors, strangers], [[], []]);
  });
});

Deno.test("a reload in the middle offers to go on; pause and continue", async () => {
  await withSite(async ({ openTab, errors }) => {
    const page = await openTab();
    await ready(page);
    await setFields(page, {
      ...TINY,
      trainingLen: "1500",
      testInterval: "500",
      validateInterval: "500",
      checkpointInterval: "iterations:50",
    });
    await page.click("#start");
    await page.locator("#run-numbers", { hasText: " of " }).waitFor();
    await page.click("#pause");
    await page.waitForSelector("#pause.primary");
    assertEquals(await page.locator("#run-stage").innerText(), "Paused");
    await page.click("#pause");
    await page.waitForSelector(".is-running");
    await page.locator("#run-stage", { hasText: "Training level 1 of 1" }).waitFor({
      timeout: 60_000,
    });
    await page.reload();
    const offer = page.locator('[data-key="continue"]');
    await offer.waitFor();
    assertMatch(await offer.innerText(), /was interrupted/);
    await offer.getByRole("button", { name: "Continue" }).click();
    await page.locator("#run-numbers", { hasText: " of " }).waitFor();
    const other = await openTab();
    await other.locator('[data-key="elsewhere"]').waitFor();
    await setFields(other, {
      ...TINY,
      trainingLen: "1500",
      testInterval: "500",
      validateInterval: "500",
      checkpointInterval: "iterations:50",
    });
    await other.click("#start");
    await other.locator('[data-key="error"]', { hasText: "Another tab is working" }).waitFor();
    await other.close();
    await finished(page);
    assertEquals(await page.locator("#table tbody tr").count(), 3);
    assertEquals(await page.locator('[data-key="continue"]').count(), 0);
    await page.reload();
    await page.getByRole("button", { name: /^Open synthetic/ }).click();
    await finished(page);
    await page.getByRole("button", { name: /^Delete synthetic/ }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    assertEquals(await page.locator(".experiment").count(), 1);
    await page.getByRole("button", { name: /^Delete synthetic/ }).click();
    await page.getByRole("button", { name: "Delete it" }).click();
    await page.waitForSelector("#experiments .empty");
    assertEquals(errors, []);
  });
});
