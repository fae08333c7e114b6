/** Touch: one crosshair over all curves, and one chosen level, by mouse, finger and keyboard. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { until, watchMainThread } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

const readouts = (page: Page) =>
  page.locator("#curves .readout").evaluateAll((lists) =>
    lists.map((list) => [...list.querySelectorAll("b")].map((value) => value.textContent!))
  );

Deno.test("a crosshair shows the values of all curves in both charts", () =>
  withSite(async ({ context, origin, errors }) => {
    const page = await context.newPage();
    await page.goto(`${origin}#example`);
    await page.waitForSelector("#result:not([hidden])");
    await until(page, `document.querySelectorAll("#curves .readout li").length === 10`);
    const stopWatching = await watchMainThread(page);
    const [accuracy, loss] = await page.locator("#curves canvas").all();
    await accuracy.scrollIntoViewIfNeeded();
    const latest = await readouts(page);
    await accuracy.hover({ position: { x: 200, y: 100 } });
    await until(
      page,
      `[...document.querySelectorAll("#curves .readout-when")].every((line) =>
      /^At iteration \\d+$/.test(line.textContent))`,
    );
    const hovered = await readouts(page);
    for (const chart of [0, 1]) {
      assertEquals(hovered[chart].length, 5);
      assert(hovered[chart].some((text, i) => text !== latest[chart][i]));
    }
    for (const text of hovered[0]) assertMatch(text, /^\d{1,2}\.\d\d%$/);
    await page.mouse.move(0, 0);
    await until(
      page,
      `document.querySelector("#curves .readout-when").textContent === "Latest values"`,
    );
    assertEquals(await readouts(page), latest);

    // By keyboard: as a slider, with its values in words.
    await loss.focus();
    // From measurement to measurement: no value is one between two.
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
    await until(
      page,
      `document.querySelector("#curves .readout-when").textContent === "At iteration 225"`,
    );
    assertEquals(await accuracy.getAttribute("aria-valuenow"), "225");
    assertMatch((await loss.getAttribute("aria-valuetext"))!, /^At iteration 225: full [\d.]+, /);
    await page.keyboard.press("Escape");
    await until(
      page,
      `document.querySelector("#curves .readout-when").textContent === "Latest values"`,
    );
    const longest = await stopWatching();
    assert(longest <= 100, `the main thread was busy for ${longest} ms at once`);
    assertEquals(errors, []);
  }));

Deno.test("a level chosen once is chosen in curves, charts, maps, table, pad and drawing", () =>
  withSite(async ({ context, origin, errors }) => {
    const page = await context.newPage();
    await page.goto(`${origin}#example`);
    await page.waitForSelector("#result:not([hidden])");
    await until(page, `document.querySelectorAll("#curves .readout li").length === 10`);
    const chosen = () =>
      page.evaluate<string[]>(`[
        [...document.querySelectorAll("#curves .readout [aria-pressed=true] span")]
          .map((name) => name.textContent).join(),
        document.querySelector(".map.is-chosen figcaption b")?.textContent ?? "",
        document.querySelector("tr.is-chosen th")?.textContent ?? "",
        document.querySelector("#ticket-choice").selectedOptions[0].textContent.slice(0, 7),
        document.querySelector(".net-level[aria-pressed=true]")?.textContent ?? "",
      ]`);
    const drawn = () => page.locator(".net").getAttribute("data-level");
    assertEquals(await chosen(), ["30% left,30% left", "", "", "Level 3", ""]);
    await page.getByRole("button", { name: "Level 1", exact: true }).click();
    await until(
      page,
      `document.querySelector("#curves .readout [aria-pressed=true] span")
      .textContent === "67% left"`,
    );
    assertEquals(await chosen(), ["67% left,67% left", "Level 1", "Level 1", "Level 1", "67%"]);
    assertEquals(await drawn(), "1");
    // By keyboard, from a chart.
    await page.locator("#curves .readout button", { hasText: "45%" }).first().focus();
    await page.keyboard.press("Enter");
    assertEquals((await chosen()).slice(1), ["Level 2", "Level 2", "Level 2", "45%"]);
    assertEquals(await drawn(), "2");
    await page.selectOption("#ticket-choice", { index: 0 });
    assertEquals((await chosen()).slice(1), ["Level 3", "Level 3", "Level 3", "30%"]);
    assertEquals(await drawn(), "3");
    // From the drawing, by mouse and by keyboard; and from the chart by level.
    await page.locator(".net-level", { hasText: "45%" }).click();
    assertEquals((await chosen()).slice(1), ["Level 2", "Level 2", "Level 2", "45%"]);
    await page.locator("#network-slider").press("PageDown");
    assertEquals((await chosen()).slice(1), ["Level 1", "Level 1", "Level 1", "67%"]);
    await page.locator(".level-plot:visible").press("End");
    await page.keyboard.press("Enter");
    assertEquals((await chosen()).slice(1), ["Level 3", "Level 3", "Level 3", "30%"]);
    assertEquals(await drawn(), "3");
    // The same once more: the latest again.
    await page.getByRole("button", { name: "Choose Level 3" }).click();
    await until(page, `document.querySelector("tr.is-chosen") === null`);
    assertEquals(errors, []);
  }));

Deno.test("a crosshair over the chart by level shows exactly what the table has", () =>
  withSite(async ({ context, origin, errors }) => {
    const page = await context.newPage();
    await page.goto(`${origin}#example`);
    await page.waitForSelector("#result:not([hidden])");
    const plot = page.locator(".level-plot:visible");
    await plot.scrollIntoViewIfNeeded();
    const { width } = (await plot.boundingBox())!;
    const told: string[][] = [];
    for (const x of [60, width - 20]) {
      await plot.hover({ position: { x, y: 60 } });
      told.push([
        await page.locator("#accuracy .readout-when:visible").innerText(),
        ...await page.locator("#accuracy .readout-text:visible b").allInnerTexts(),
      ]);
    }
    const cells = await page.locator("#table tbody tr").evaluateAll((rows) =>
      rows.map((row) => row.lastElementChild!.textContent!)
    );
    assertEquals(told, [
      ["Full network, 100.0% of the weights", cells[0]],
      ["Level 3, 30.3% of the weights", cells[3], cells[4]],
    ]);
    // The answer and the drawing say the same numbers.
    const large = await page.locator(".number-value").allInnerTexts();
    assertEquals(large, [cells[0], cells[3], cells[4]]);
    await page.locator("#network-slider").evaluate((slider) => {
      (slider as HTMLInputElement).value = (slider as HTMLInputElement).max;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    });
    assertEquals(await page.locator(".net-scores b").allInnerTexts(), [cells[3], cells[4]]);
    assertEquals(errors, []);
  }));

Deno.test("on a phone, the pad and all four answers fit one screen", () =>
  withSite(async ({ context, origin, errors }) => {
    const page = await context.newPage();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${origin}#example`);
    await until(page, `document.querySelectorAll("#curves .readout li").length === 10`);
    const pad = page.locator(".pad canvas");
    await pad.focus();
    await page.keyboard.press("Space");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowDown");
    await until(page, `document.querySelectorAll(".bars .best").length === 4`);
    const [top, bottom] = await page.evaluate<[number, number]>(
      `(() => {
        const box = (selector) => document.querySelector(selector).getBoundingClientRect();
        return [box("#draw-title").top, box(".answers").bottom];
      })()`,
    );
    assert(bottom - top <= 844, `from heading to answers it is ${bottom - top} pixels`);
    // What is folded on a phone opens.
    assertEquals(await page.locator("#maps").isVisible(), false);
    await page.locator("#more summary").click();
    assertEquals(await page.locator("#maps").isVisible(), true);
    assertEquals(errors, []);
  }));

Deno.test("a finger's tap leaves the values there to be read", () =>
  withSite(async ({ context, origin }) => {
    const page = await context.newPage();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${origin}#example`);
    await page.waitForSelector("#result:not([hidden])");
    const canvas = page.locator("#curves canvas").first();
    await canvas.scrollIntoViewIfNeeded();
    const { x, y } = (await canvas.boundingBox())!;
    const session = await context.newCDPSession(page);
    const touch = (type: "touchStart" | "touchEnd", points: { x: number; y: number }[]) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    await touch("touchStart", [{ x: x + 150, y: y + 60 }]);
    await touch("touchEnd", []);
    await until(
      page,
      `/^At iteration/.test(document.querySelector("#curves .readout-when").textContent)`,
    );
    const scrollWidth = await page.evaluate<number>("document.documentElement.scrollWidth");
    assert(scrollWidth <= 390, `the page is ${scrollWidth} wide`);
  }));
