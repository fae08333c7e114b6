/**
 * Reopen and share: settings in the address, and the finished example where nothing can be trained.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { FLAGS } from "./module_page.ts";
import { ready, setFields, until } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

Deno.test("a link opens with its settings; what it cannot have is told in one line", () =>
  withSite(async ({ context, origin, openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    assertEquals(page.url(), origin);
    await setFields(page, { seed: "5", learningRate: "0.01" });
    await until(page, `location.search === "?seed=5&learning-rate=0.01"`);
    const other = await context.newPage();
    await other.goto(page.url());
    await ready(other);
    assertEquals(await other.locator("#setting-seed").inputValue(), "5");
    assertEquals(await other.locator("#setting-learningRate").inputValue(), "0.01");
    assertEquals(
      await other.locator("#command").textContent(),
      await page.locator("#command").textContent(),
    );
    await setFields(page, { seed: "0", learningRate: "" });
    await until(page, `location.search === ""`);

    await other.goto(`${origin}?seed=many&optimizer=magic&foo=%3Cb%3E&iterations=2`);
    const told = other.locator('[data-key="link"]');
    await told.waitFor();
    const line = (await told.locator("p").innerText()).split("\n");
    assertEquals(line.length, 1);
    assertMatch(line[0], /“Seed” expects .*“Optimizer”: “magic” is none.*“foo” is no setting/);
    assertEquals(await other.locator("#setting-seed").inputValue(), "0");
    assertEquals(await other.locator("#setting-iterations").inputValue(), "2");
    await ready(other);
    await other.goto(`${origin}?protocol=google`);
    await ready(other);
    assertMatch(await other.locator("#plan").innerText(), /30 prunings/);
    assertEquals([errors, strangers], [[], []]);
  }));

Deno.test("links of the page lead where they say; files of the example wait until they are asked", () =>
  withSite(async ({ context, origin, errors }) => {
    const asked: string[] = [];
    context.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const page = await context.newPage();
    await page.goto(origin);
    await ready(page);
    for (const id of ["meaning", "draw", "settings"]) {
      await page.locator(`nav a[href="#${id}"]`).click();
      // Smoothly, past all that is above.
      await until(
        page,
        `Math.abs(document.querySelector("#${id}").getBoundingClientRect().top - 16) < 3`,
      );
    }
    assertEquals(asked.filter((path) => /example/.test(path)), []);
    await page.locator(".pad canvas").focus();
    await page.keyboard.press("Space");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowDown");
    await until(page, `document.querySelectorAll(".bars .best").length === 4`);
    assertEquals(asked.filter((path) => /example/.test(path)), ["/example.gz"]);
    assertEquals(errors, []);
  }));

/** The example is shown whole, and its networks answer a drawing. */
async function lookAtExample(page: Page): Promise<void> {
  await page.waitForSelector("#result:not([hidden])", { timeout: 20_000 });
  assertEquals(await page.locator("#run-stage").innerText(), "How the finished example ended");
  assertMatch(await page.locator("#run-note").innerText(), /^Recorded .*3 prunings.*seed 0/);
  assertEquals(await page.locator(".badge").innerText(), "The ticket won");
  assertEquals(await page.locator("#table tbody tr").count(), 5);
  await until(page, `document.querySelectorAll("#maps canvas").length === 4`);
  await page.locator("#network[data-source], #network .net-origin").first().waitFor();
  const pad = page.locator(".pad canvas");
  await pad.scrollIntoViewIfNeeded();
  const box = (await pad.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 4 * box.height / 5, { steps: 5 });
  await page.mouse.up();
  await until(page, `document.querySelectorAll(".bars .best").length === 4`);
}

Deno.test("the finished example opens at once without WebGPU, and without files", async () => {
  const without = [...FLAGS.filter((flag) => !/webgpu/.test(flag)), "--disable-features=WebGPU"];
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await page.waitForSelector('[data-key="obstacle"]');
    await page.click("#open-example");
    await lookAtExample(page);
    assertMatch(page.url(), /#example$/);
    assertEquals(await page.locator("#run-files button").allInnerTexts(), [
      "Put its settings into the form",
    ]);
    await page.getByRole("button", { name: "Put its settings into the form" }).click();
    assertEquals(await page.locator("#setting-layers").inputValue(), "18");
    // Test images too: the digits are built in.
    await page.click("#find-images");
    await page.locator(".test-image").first().waitFor({ timeout: 20_000 });
    assertEquals([errors, strangers], [[], []]);
  }, { flags: without });
  const insecure = [...FLAGS, "--host-resolver-rules=MAP laboratory.test 127.0.0.1"];
  await withSite(async ({ context, origin }) => {
    const page = await context.newPage();
    await page.goto(`${origin.replace("127.0.0.1", "laboratory.test")}#example`);
    await lookAtExample(page);
    assert(await page.locator("#start").isDisabled());
  }, { flags: insecure });
});
