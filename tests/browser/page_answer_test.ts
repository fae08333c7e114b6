/** What came of an experiment: the answer, more seeds beside it, and networks that are asked. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { finished, ready, setFields, TINY, until } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

Deno.test("the answer in numbers, pooled with more seeds; test images are asked about", () =>
  withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    await setFields(page, TINY);
    await page.click("#start");
    await until(page, `/^\\d+% · Lottery tickets$/.test(document.title)`);
    await finished(page);
    assertMatch(await page.locator(".badge").innerText(), /^The ticket (won|lost)$/);
    assertMatch(await page.locator(".badge-line").innerText(), /in 1 trial: an example/);
    assertEquals(await page.locator(".number dt").allInnerTexts(), [
      ...["Full network", "Ticket", "Control"],
    ]);
    for (const text of await page.locator(".number-value").allInnerTexts()) {
      assertMatch(text, /^\d{1,2}\.\d\d%$/);
    }
    assertMatch(await page.title(), /^Done: the ticket (won|lost) · Lottery tickets$/);
    assertEquals(await page.locator(".condition").count(), 2);
    assertEquals(await page.locator(".number-range").count(), 0);

    await page.click("#find-images");
    await page.locator(".test-image").first().click();
    assertMatch(await page.locator(".sees").innerText(), /28 × 28 pixels\. In truth: \d\./);
    await until(page, `document.querySelectorAll(".bars .best").length === 4`);
    // The three that were trained do not say the same.
    const said = await page.locator(".answer .says").allInnerTexts();
    assert(new Set(said.slice(0, 3).map((text) => text[0])).size > 1, said.join());

    await page.getByRole("button", { name: "Run 3 more seeds" }).click();
    await page.locator(".badge-line", { hasText: "in 4 trials" }).waitFor({ timeout: 120_000 });
    assertMatch(
      await page.locator(".badge").innerText(),
      /^(The ticket (won|lost)|Too close to call)$/,
    );
    assertEquals(await page.locator(".number-range").count(), 3);
    assertMatch(await page.locator("#table caption").innerText(), /means of 4 trials/);
    // What is of one trial says so, beside what is a mean.
    assertMatch(
      await page.locator("#trial-note").innerText(),
      /are of trial 1\. .*means of 4 trials/,
    );
    assertMatch(await page.locator(".net-origin").innerText(), /, trial \d$/);
    assertEquals(await page.locator(".experiment").count(), 1);
    await page.locator("#experiments", { hasText: "12 runs, finished" }).waitFor();
    assertEquals([errors, strangers], [[], []]);
  }));
