/**
 * Contrast of what the page shows, in light and dark, from rendered styles: text against its
 * background by WCAG 2.2's 1.4.3 (4.5, or 3 of large text), marks by its 1.4.11 (3).
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { faint } from "./contrast.ts";
import { until } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

/** Marks that say something without words, and which of their colours does. */
const MARKS: readonly (readonly [selector: string, property: string])[] = [
  [".net-legend .above", "::before background-color"],
  [".net-legend .below", "::before background-color"],
  [".net-legend .ring", "::before border-top-color"],
  [".net .pixel", "fill"],
  [".connections circle", "stroke"],
  [".connections line.above", "stroke"],
  [".connections line.below", "stroke"],
  [".connections line.cut", "stroke"],
  [".values .dot.above", "fill"],
  [".values .dot.below", "fill"],
  [".values .dot.cut", "fill"],
  [".values .ring", "stroke"],
  [".values .bars:not(.cut)", "fill"],
  [".values .bars.cut", "fill"],
  [".values .threshold", "stroke"],
  [".condition-word", "border-top-color"],
  [".number-full", "border-top-color"],
  [".number-ticket", "border-top-color"],
  [".number-control", "border-top-color"],
  [".level-plot .full", "stroke"],
  [".level-plot .point", "fill"],
  ["#curves .readout circle", "fill"],
  ["#scores .kept", "fill"],
  ["#scores .line", "stroke"],
  [
    "button:not(.net-step, .net-level, .level-name, .readout-value, .map-choice, .primary)",
    "border-top-color",
  ],
];

/** Names of curves are drawn in the colours of their swatches, as text. */
const TEXT_COLOURS = "#curves .readout circle";

Deno.test("text and marks stand out from what is behind them, in light and dark", () =>
  withSite(async ({ context, origin, errors }) => {
    const page = await context.newPage();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.goto(`${origin}#example`);
    await until(page, `document.querySelectorAll("#curves .readout li").length === 10`);
    await page.locator(".pad canvas").focus();
    await page.keyboard.press("Space");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowDown");
    await until(page, `document.querySelectorAll(".bars .best").length === 4`);
    await page.getByRole("button", { name: "Level 1", exact: true }).click();
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await page.waitForTimeout(200);
    // In the middle of a cut, where every colour of the drawing is seen.
    await page.evaluate(`(() => {
      const slider = document.querySelector("#network-slider");
      slider.value = "2.6";
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    })()`);
    await page.waitForTimeout(300);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(400);
      const words = await page.evaluate(
        faint,
        [MARKS, TEXT_COLOURS] as const,
      );
      assertEquals(words, [], colorScheme);
    }
    // What is too faint is found.
    await page.evaluate(`(() => {
      const faint = document.querySelector("#meaning dd");
      faint.style.setProperty("color", "#777");
    })()`);
    const found = await page.evaluate(faint, [MARKS, TEXT_COLOURS] as const);
    assertEquals(found.length, 1, found.join());
    assertMatch(found[0], /^dd.*"A small part of the network/);
    assert(errors.length === 0, errors.join());
  }));
