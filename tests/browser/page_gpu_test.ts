/** A GPU that does not answer: the page tells it, shows what is saved, and stops all the same. */

import { assertEquals, assertMatch } from "@std/assert";
import type { BrowserContext, Page } from "playwright-core";
import { ready, setFields, TINY } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

/** Opens the page with a clock that can be put forward, and a worker that begins with this code. */
async function openWith(context: BrowserContext, origin: string, code: string): Promise<Page> {
  await context.route("**/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: code + await response.text() });
  });
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(origin);
  return page;
}

Deno.test("a GPU that does not answer is told; what is saved is listed before", () =>
  withSite(async ({ context, origin }) => {
    const silence = "navigator.gpu.requestAdapter = () => new Promise(() => {});\n";
    const page = await openWith(context, origin, silence);
    await page.waitForSelector("#experiments .empty");
    assertEquals(await page.locator('[data-key="gpu"]').count(), 0);
    await page.clock.fastForward(10_000);
    const told = page.locator('[data-key="gpu"]');
    await told.waitFor();
    assertMatch(await told.innerText(), /The GPU does not answer.*Close other pages/s);
    assertEquals(await page.locator("#start").isDisabled(), true);
  }));

Deno.test("stop ends a training that hears nothing, and offers to continue it", () =>
  withSite(async ({ context, origin }) => {
    const deafness = `addEventListener("message", (event) => {
      if (event.data.name === "pause") event.stopImmediatePropagation();
    });\n`;
    const page = await openWith(context, origin, deafness);
    await ready(page);
    await setFields(page, { ...TINY, trainingLen: "100000", checkpointInterval: "iterations:50" });
    await page.click("#start");
    assertMatch(await page.locator("#run-wait").innerText(), /^[A-Z]/);
    assertEquals(await page.locator("progress.is-waiting").count(), 1);
    await page.locator("#run-numbers", { hasText: " of 100" }).waitFor({ timeout: 90_000 });
    // A pause that is not heard can still be made a stop.
    await page.click("#pause");
    await page.click("#stop");
    assertMatch(await page.locator("#run-wait").innerText(), /^Waiting for the GPU/);
    await page.clock.fastForward(15_000);
    await page.getByRole("heading", { name: "Stopped: the GPU did not answer" }).waitFor();
    const offer = page.locator('[data-key="continue"]');
    await offer.waitFor();
    assertMatch(await offer.innerText(), /was interrupted.*0 of 3 runs/s);
    assertEquals(await page.locator(".message-failure").count(), 0);
    assertEquals(await page.locator("#start").isEnabled(), true);
    // The offer goes with its experiment.
    await page.getByRole("button", { name: /^Delete synthetic/ }).click();
    await page.getByRole("button", { name: "Delete it" }).click();
    await offer.waitFor({ state: "detached" });
  }));
