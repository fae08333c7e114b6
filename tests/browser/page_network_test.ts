/** The drawing of the network in real Chromium: it moves, is moved, and shows what it says. */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { finished, ready, setFields, TINY, until, watchMainThread } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

/** The places of the dots that are there, and of their rings. */
function dots(page: Page): Promise<[dot: string, ring: string][]> {
  return page.evaluate<[string, string][]>(
    `(() => {
      const pane = document.querySelector(".values");
      const rings = [...pane.querySelectorAll(".ring")];
      return [...pane.querySelectorAll(".dot")].map((dot, i) => [dot, rings[i]])
        .filter(([dot]) => dot.getAttribute("opacity") === "1.00")
        .map((pair) => pair.map((circle) => circle.getAttribute("cx")));
    })()`,
  );
}

const step = (page: Page) =>
  page.locator(".net").evaluate((element) =>
    [element.dataset.step!, Number(element.dataset.level)] as [string, number]
  );

/** Moves the slider to a position, as a finger does. */
async function scrub(page: Page, position: number): Promise<void> {
  await page.locator("#network-slider").evaluate((slider, position) => {
    (slider as HTMLInputElement).value = `${position}`;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, position);
}

const distances = (places: readonly [string, string][]) =>
  places.map(([dot, ring]) => Math.abs(Number(dot) - Number(ring)));

Deno.test("the drawing moves when the page opens, is paused, scrubbed, and stepped by keys", async () => {
  await withSite(async ({ openTab, errors }) => {
    const page = await openTab();
    await page.locator("#network").scrollIntoViewIfNeeded();
    assertMatch(await page.locator(".net-origin").innerText(), /^The finished example$/);
    const stopWatching = await watchMainThread(page);
    await until(page, `document.querySelector(".net").dataset.step === "train"`);
    const before = await dots(page);
    await page.waitForTimeout(400);
    assertNotEquals(await dots(page), before, "nothing moved");
    const longest = await stopWatching();
    assert(longest <= 100, `the main thread was busy for ${longest} ms at once`);

    await page.getByRole("button", { name: "Pause the drawing" }).click();
    const paused = await dots(page);
    await page.waitForTimeout(300);
    assertEquals(await dots(page), paused, "it moved though paused");

    await scrub(page, 0.9999);
    assertEquals(await step(page), ["start", 0]);
    const begun = await dots(page);
    assertEquals(begun.length, 120);
    assertEquals(Math.max(...distances(begun)), 0);
    await scrub(page, 1.9999);
    assertEquals(await step(page), ["train", 0]);
    assert(distances(await dots(page)).filter((pixels) => pixels > 2).length > 60);

    // Rewound: every survivor is where it started, to the last digit.
    await scrub(page, 3.9999);
    assertEquals(await step(page), ["rewind", 1]);
    const rewound = await dots(page), places = new Set(begun.map(([dot]) => dot));
    assert(rewound.length < 100 && rewound.length > 60, `${rewound.length} survivors`);
    for (const [dot, ring] of rewound) assertEquals([dot, places.has(dot)], [ring, true]);
    await scrub(page, 9.9999);
    assertEquals(await step(page), ["rewind", 3]);
    assertMatch(await page.locator(".net-surprise").innerText(), /started at 1\d\.\d\d%.*Zhou/);
    await scrub(page, 3.9999);

    await page.locator("#network-slider").focus();
    await page.keyboard.press("ArrowRight");
    assertEquals(await step(page), ["train", 1]);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    assertEquals(await step(page), ["cut", 1]);
    await page.keyboard.press("PageUp");
    assertEquals(await step(page), ["cut", 2]);
    await page.keyboard.press("End");
    assertEquals((await step(page))[0], "compare");
    assertMatch(
      await page.locator("#network-slider").getAttribute("aria-valuetext") ?? "",
      /^Control\. Train both/,
    );
    await page.keyboard.press("Home");
    assertEquals(await step(page), ["start", 0]);
    const button = page.locator("#network-play");
    await page.keyboard.press("Space");
    await page.keyboard.press("Space");
    const text = await button.innerText();
    await page.keyboard.press("Space");
    assertNotEquals(await button.innerText(), text);
    assertMatch(
      await page.locator(".net-figure").getAttribute("aria-label") ?? "",
      /Start from random values\. Drawn are 220 connections, of which 220 are left/,
    );
    // Another cut than the experiment's shows at once what it would take.
    const trial = page.locator(".net-trial");
    assertEquals(await trial.isVisible(), false);
    await scrub(page, 2.7);
    const cuts = () => page.locator(".connections line.cut").count();
    assertMatch(await trial.innerText(), /Try another cut\s*33%, as in this experiment/);
    const own = await cuts();
    await page.locator("#cut-share").fill("0.9");
    assertMatch(await trial.innerText(), /90%: 1,411 of 14,112 weights from the input would stay/);
    assert(await cuts() > 2 * own, `${await cuts()} of more than ${2 * own} are marked`);
    await page.locator("#cut-share").fill("0");
    assertEquals(await cuts(), 0);
    await scrub(page, 2.7);
    assertEquals(await cuts(), own);
    // A pointer picks a connection, in both drawings.
    await scrub(page, 1.5);
    await page.locator(".values .dot").nth(5).hover({ force: true });
    await until(page, `document.querySelectorAll(".has-pick .is-picked").length > 3`);
    assertMatch(
      await page.locator(".net-picked").innerText(),
      /^pixel \d+ → hidden unit \d+ of layer 1: started at −?0\.\d+, is at −?0\.\d+$/,
    );
    await page.mouse.move(0, 0);
    await page.locator(".has-pick").waitFor({ state: "detached" });
    await button.click();
    // Out of sight it stands still.
    await page.locator("#meaning").scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    const unseen = await dots(page);
    await page.waitForTimeout(400);
    assertEquals(await dots(page), unseen, "it moved out of sight");
    assertEquals(errors, []);
  });
});

Deno.test("without motion the steps are stills, each at its end", async () => {
  await withSite(async ({ openTab, errors }) => {
    const page = await openTab();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.locator("#network").scrollIntoViewIfNeeded();
    await page.locator("#network-play").waitFor({ state: "hidden" });
    const first = await dots(page);
    await page.waitForTimeout(500);
    assertEquals(await dots(page), first);
    await scrub(page, 0);
    await page.getByRole("button", { name: "One step on" }).click();
    assertEquals(await step(page), ["train", 0]);
    assert(Math.max(...distances(await dots(page))) > 2, "the still is of the start");
    const trained = await dots(page);
    await page.waitForTimeout(300);
    assertEquals(await dots(page), trained);
    await scrub(page, 3);
    assertEquals(await step(page), ["rewind", 1]);
    assertEquals(Math.max(...distances(await dots(page))), 0);
    assertEquals(errors, []);
  });
});

Deno.test("an experiment that is trained shows its own weights, and the same when it is opened", async () => {
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await ready(page);
    await setFields(page, TINY);
    await page.click("#start");
    await page.locator(".net-origin", { hasText: "Your own run, as it trains" }).waitFor();
    await finished(page);
    const seen = async () => {
      const stills: unknown[] = [];
      for (const position of [0, 1, 2, 3, 4, 5, 6]) {
        await scrub(page, position);
        stills.push([await step(page), await dots(page)]);
      }
      return stills;
    };
    const trained = await seen();
    assertEquals(trained.map((still) => (still as [[string]])[0][0]), [
      ...["start", "train", "cut", "rewind", "train", "control", "compare"],
    ]);
    await page.reload();
    await ready(page);
    await page.getByRole("button", { name: /^Open / }).first().click();
    await page.locator(".net-origin", { hasText: "own weights" }).waitFor();
    await until(page, `document.querySelector("#network-slider").max === "7"`);
    assertEquals(await seen(), trained);
    assertEquals([errors, strangers], [[], []]);
  });
});
