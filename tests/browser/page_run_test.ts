import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import {
  finished,
  focusedId,
  ready,
  setFields,
  tabTo,
  TINY,
  until,
  watchMainThread,
} from "./page_helpers.ts";
import { withSite } from "./site_page.ts";
import { emptyFile } from "./tab_files.ts";

Deno.test("an experiment from settings to drawing by the keyboard alone, the page awake", async () => {
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    // A link leads past the example to the settings.
    await tabTo(page, "to-settings");
    await page.keyboard.press("Enter");
    for (const [key, text] of Object.entries(TINY)) {
      if (key === "layers") {
        await page.keyboard.press("Tab");
        await page.locator("#settings-form details.group summary").first().focus();
        await page.keyboard.press("Enter");
      }
      await tabTo(page, `setting-${key}`);
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.type(text);
    }
    assertMatch(
      (await page.locator("#command").textContent())!,
      /^deno task run-lottery .*--layers=20 --training-len=20 --iterations=1/,
    );
    const stopWatching = await watchMainThread(page);
    await tabTo(page, "start-below");
    await page.keyboard.press("Enter");
    await page.waitForSelector('#run[data-of="reader"]');
    assertEquals(await focusedId(page), "run-stage");
    await finished(page);
    await page.waitForSelector("#accuracy .point");
    const longest = await stopWatching();
    assert(longest <= 100, `the main thread was busy for ${longest} ms at once`);

    assertMatch(await page.locator("#verdict").innerText(), /^With 80\.\d% of its weights/);
    assertEquals(await page.locator("#table tbody tr").count(), 3);
    assertEquals(await page.locator("#maps canvas").count(), 2);
    await checkScores(page);
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
    for (const text of await answers.allInnerTexts()) {
      assertMatch(text, /^\d\s+with [<>]?\d+\.\d%$/);
    }
    await page.keyboard.press("Delete");
    await page.waitForSelector(".bars .best", { state: "detached" });

    // Figures are as wide as their place, also after that has changed.
    await page.setViewportSize({ width: 390, height: 780 });
    await until(
      page,
      `[...document.querySelectorAll("#accuracy figure:not([hidden]) svg[height]")].every((svg) =>
        svg.viewBox.baseVal.width === svg.clientWidth && svg.clientWidth < 390)`,
    );
    // The last level's first twin is the lottery's own control.
    await page.getByRole("button", { name: "Train three controls" }).click();
    await page.locator("#experiments", { hasText: "8 runs, finished" }).waitFor({
      timeout: 90_000,
    });
    await compareWithCopy(page);
    assertEquals([errors, strangers], [[], []]);
  });
});

/** The last pruning is drawn: for each layer, bars of both kinds and a line with its value. */
async function checkScores(page: Page): Promise<void> {
  assertMatch(
    await page.locator("#scores-note").innerText(),
    /^This is the step from the full network to level 1\.$/,
  );
  const labels = await page.locator("#scores svg").evaluateAll((drawings) =>
    drawings.map((drawing) => drawing.getAttribute("aria-label"))
  );
  const values = await page.locator("#scores .threshold").allTextContents();
  assertEquals([labels.length, values.length], [2, 2]);
  for (const [i, counts] of ["15,680 weights, 3,136", "200 weights, 20"].entries()) {
    const [before, after] = labels[i]!.split(values[i]);
    assertEquals(
      before,
      `${["First", "Second"][i]} layer: of ${counts} were pruned, those with a score up to `,
    );
    assertMatch(after, /^; scores from [-\d.e]+ to 0\.\d+$/);
  }
  const shown = await page.locator("#scores path").evaluateAll((paths) =>
    paths.every((path) => !path.getAttribute("d")!.includes("NaN"))
  );
  assert(shown, "a bar has no place");
}

/**
 * Takes the experiment in once more as a zip, damages a run of the copy, compares the two, and
 * deletes one.
 */
async function compareWithCopy(page: Page): Promise<void> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: /^Download zip/ }).click();
  await page.setInputFiles("#zip-file", {
    name: "copy.zip",
    mimeType: "application/zip",
    buffer: Buffer.from(await Deno.readFile((await (await download).path())!)),
  });
  await page.locator(".experiment").nth(1).waitFor();
  await page.locator("#run-stage", { hasText: "A saved experiment" }).waitFor();
  await finished(page); // It is shown whole; the comparison reads it again.
  const copy = await page.locator(".experiment").last().getAttribute("data-path");
  const damaged = `${copy}/trial1/0/same_init/metrics.json`;
  await emptyFile(page, damaged);
  for (const box of await page.locator(".choice").all()) await box.check();
  await page.getByRole("button", { name: "Compare 2 experiments" }).click();
  await page.locator("#comparison-table").waitFor();
  const leftOut = page.locator('[data-key="left-out"]');
  assertMatch(await leftOut.innerText(), /^Damaged runs are left out/);
  assertEquals(await leftOut.locator("li", { hasText: damaged }).count(), 1);
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 780 });
    const [table, frame] = await page.evaluate<number[]>(
      `[document.querySelector("#comparison").scrollWidth,
        document.querySelector("#comparison").clientWidth]`,
    );
    assert(table <= frame, `at ${width} pixels the comparison is ${table} wide of ${frame}`);
  }
  await page.getByRole("button", { name: /^Delete synthetic/ }).last().click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.waitForSelector("#comparison", { state: "hidden" });
  await leftOut.waitFor({ state: "detached" });
}

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
    await page.locator("#saved").scrollIntoViewIfNeeded();
    await page.reload();
    const offer = page.locator('[data-key="continue"]');
    await offer.waitFor();
    assertMatch(await offer.innerText(), /was interrupted/);
    await until(
      page,
      `(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(
        document.querySelector('[data-key="continue"]').getBoundingClientRect())`,
    );
    assertEquals(await page.locator("#setting-trainingLen").inputValue(), "1500");
    await offer.getByRole("button", { name: "Continue" }).click();
    // The full network was finished before the reload.
    await page.locator('#curves canvas[aria-label*="2 lines"]').first().waitFor({
      timeout: 60_000,
    });
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
    // Scores were not kept.
    await page.waitForSelector("#scores-figure", { state: "hidden" });
    await page.getByRole("button", { name: /^Delete synthetic/ }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    assertEquals(await page.locator(".experiment").count(), 1);
    await page.getByRole("button", { name: /^Delete synthetic/ }).click();
    await page.getByRole("button", { name: "Delete it" }).click();
    await page.waitForSelector("#experiments .empty");
    assertEquals(errors, []);
  });
});
