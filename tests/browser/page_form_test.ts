import { assert, assertEquals, assertMatch } from "@std/assert";
import { ready, setFields } from "./page_helpers.ts";
import { FLAGS } from "./module_page.ts";
import { withSite } from "./site_page.ts";

Deno.test("settings are checked as they are typed, and wrong ones cannot be run", async () => {
  await withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    const complaint = (key: string) => page.locator(`#setting-${key}-error`).innerText();
    await setFields(page, { learningRate: "" });
    // A tab writes checkpoints more often than the command line.
    assertEquals(await page.locator("#setting-checkpointInterval").inputValue(), "10");
    await page.locator("#setting-learningRate").pressSequentially("0x");
    assertMatch(
      await complaint("learningRate"),
      /^“Learning rate” expects a number greater than 0/,
    );
    assertEquals(await page.locator("#setting-learningRate").getAttribute("aria-invalid"), "true");
    assert(
      await page.locator("#start").isDisabled() && await page.locator("#start-below").isDisabled(),
    );
    assertEquals(await page.locator("#command").textContent(), "");

    await page.fill("#setting-learningRate", "0.01");
    assertEquals(await complaint("learningRate"), "");
    assertMatch((await page.locator("#command").textContent())!, / --learning-rate=0\.01/);
    // Fields that are right alone may be wrong together.
    await page.fill("#setting-prunePercents", "layer7=.2");
    assertMatch(
      await complaint("prunePercents"),
      /“Fraction pruned” names "layer7", but the layers are/,
    );
    assert(await page.locator("#start").isDisabled());
    await page.fill("#setting-prunePercents", "");
    // Each complaint stands at its own field.
    await page.fill("#setting-momentum", "0.8");
    assertMatch(await complaint("momentum"), /^“Momentum” 0\.8 applies to “Optimizer” momentum/);
    assertEquals(await complaint("prunePercents"), "");
    assert(await page.locator("#start").isDisabled());
    await page.selectOption("#setting-optimizer", "momentum");
    assertEquals(await complaint("momentum"), "");
    assertMatch(
      (await page.locator("#command").textContent())!,
      / --optimizer=momentum .*--momentum=0\.8/,
    );
    await page.fill("#setting-momentum", "");
    await page.selectOption("#setting-optimizer", "");

    await page.selectOption("#setting-protocol", "google");
    assertEquals(await page.locator("#setting-iterations").inputValue(), "");
    assertEquals(await page.locator("#setting-iterations").getAttribute("placeholder"), "30");
    assertMatch(
      await page.locator("#plan").innerText(),
      /30 prunings, 50,000 iterations.*20 trials/,
    );
    assertMatch((await page.locator("#command").textContent())!, /--protocol=google/);
    assertEquals([errors, strangers], [[], []]);
  });
});

Deno.test("the page fits a phone, has a dark side, and names every control", async () => {
  await withSite(async ({ openTab, errors }) => {
    const page = await openTab();
    await ready(page);
    await setFields(page, {});
    for (const width of [320, 360, 1280]) {
      await page.setViewportSize({ width, height: 780 });
      const scrollWidth = await page.evaluate<number>("document.documentElement.scrollWidth");
      assert(scrollWidth <= width, `at ${width} pixels the page is ${scrollWidth} wide`);
    }
    const background = () =>
      page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.emulateMedia({ colorScheme: "light" });
    assertEquals(await background(), "rgb(252, 252, 250)");
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    assertEquals(await background(), "rgb(18, 21, 24)");
    assertEquals(
      await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior"),
      "auto",
    );
    const nameless = await page.evaluate<string[]>(
      `[...document.querySelectorAll("input, select, button, canvas, progress")].filter((control) =>
        !control.labels?.length && !control.getAttribute("aria-label") && !control.textContent.trim()
      ).map((control) => control.outerHTML)`,
    );
    assertEquals(nameless, []);
    assertEquals(errors, []);
  });
});

Deno.test("a browser without an adapter is told what to do, and looks at files all the same", async () => {
  const flags = [...FLAGS.filter((flag) => !/webgpu/.test(flag)), "--disable-features=WebGPU"];
  await withSite(async ({ openTab }) => {
    const page = await openTab();
    const message = page.locator('[data-key="obstacle"]');
    await message.waitFor();
    assertMatch(await message.innerText(), /found no GPU.*Turn on “Use graphics acceleration”/s);
    assert(await page.locator("#start").isDisabled());
    assertMatch(await page.locator("#experiments").innerText(), /None yet/);
  }, { flags });
});

Deno.test("a page from an address without WebGPU says where to open it", async () => {
  // Browsers give WebGPU and files to secure addresses alone, and this one is not.
  const flags = [...FLAGS, "--host-resolver-rules=MAP laboratory.test 127.0.0.1"];
  await withSite(async ({ context, origin }) => {
    const page = await context.newPage();
    await page.goto(origin.replace("127.0.0.1", "laboratory.test"));
    const message = page.locator('[data-key="obstacle"]');
    await message.waitFor();
    assertMatch(await message.innerText(), /(no WebGPU|keeps no files).*http:\/\/127\.0\.0\.1/s);
    assertEquals(await page.locator(".message").count(), 1);
    assert(await page.locator("#start").isDisabled());
  }, { flags });
});
