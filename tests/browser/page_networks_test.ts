/** The choice of a network in plain words, and what a network of convolutions shows. */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { finished, ready, setFields, until, watchMainThread } from "./page_helpers.ts";
import { withSite } from "./site_page.ts";

Deno.test("networks are chosen in plain words; that of photos once CIFAR-10's files are here", () =>
  withSite(async ({ openTab, errors, strangers }) => {
    const page = await openTab();
    await ready(page);
    const command = async () => (await page.locator("#command").textContent())!;
    const card = (name: string) => page.locator(`.network-card input[value="${name}"]`);
    assert(await card("lenet-300-100").isChecked());
    assertMatch(
      await page.locator("#expected").innerText(),
      /^Your own run takes (a few|about \d+) \w+ here\.$/,
    );
    await card("lenet-5").check();
    assertMatch(await command(), /--dataset=synthetic-digits.* --protocol=lenet-5/);
    assertMatch(await page.locator("#plan").innerText(), /^Synthetic digits.*5 prunings, 120 iter/);
    // Settings of another network belong to no card.
    await setFields(page, { layers: "12" });
    assertEquals(await page.locator(".network-card input:checked").count(), 0);
    await card("lenet-300-100").check();
    assertEquals(await page.inputValue("#setting-layers"), "");

    assert(await card("conv-2").isDisabled());
    await page.getByRole("link", { name: "How to bring the colour photos here" }).click();
    const photos = (name: string) => ({
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.alloc(3073),
    });
    await page.setInputFiles("#mnist-files", photos("data_batch_1.bin"));
    await page.getByText("Still: data/cifar-10 lacks test_batch.bin").waitFor();
    assert(await card("conv-2").isDisabled());
    await page.setInputFiles("#mnist-files", photos("test_batch.bin"));
    await page.getByText("CIFAR-10 is here").waitFor();
    await card("conv-2").check();
    assertMatch(await command(), /--protocol=conv-2.*--trials=1/);
    assertMatch(await page.locator("#plan").innerText(), /^CIFAR-10, 2 convolutions\. 4 prunings/);
    await page.reload();
    await ready(page);
    assert(await card("conv-2").isChecked() && await card("conv-2").isEnabled());
    // Back among the digits, so is the dataset.
    await card("lenet-5").check();
    assertMatch(await command(), /--dataset=synthetic-digits/);
    // What takes hours is asked about.
    await setFields(page, { trainingLen: "100000" });
    await page.click("#start");
    const dialog = page.locator("dialog[open]");
    assertMatch(
      await dialog.innerText(),
      /^This takes about \d+ (hours|days) here\. Start anyway\?/,
    );
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assertEquals(await page.locator("#run").getAttribute("data-of"), "example");
    assertEquals([errors, strangers], [[], []]);
  }));

Deno.test("convolutions: kernels before and after by level, and a drawn digit is answered", () =>
  withSite(async ({ openTab, errors }) => {
    const page = await openTab();
    await ready(page);
    await setFields(page, { iterations: "2", trainingLen: "20", layers: "conv5x5vs4:6,10" });
    const stopWatching = await watchMainThread(page);
    await page.click("#start");
    await finished(page);
    await page.waitForSelector("#kernels-figure:not([hidden])");
    const longest = await stopWatching();
    assert(longest <= 100, `the main thread was busy for ${longest} ms at once`);
    assertEquals(await page.locator("#maps-figure").isVisible(), false);
    const labels = () =>
      page.locator("#kernels canvas").evaluateAll((all) =>
        all.map((canvas) => canvas.getAttribute("aria-label"))
      );
    await until(page, `document.querySelectorAll("#kernels canvas").length === 4`);
    // A tenth of 150 weights goes at each of two levels.
    assertEquals(await labels(), [
      "Full network, at its random start: 150 of 150 weights are left (100.0%)",
      "Full network, trained: 150 of 150 weights are left (100.0%)",
      "Level 2, the same start, fewer weights: 121 of 150 weights are left (80.7%)",
      "Level 2, trained: 121 of 150 weights are left (80.7%)",
    ]);
    await page.locator("#kernel-level").press("ArrowLeft");
    await until(
      page,
      `document.querySelectorAll("#kernels canvas")[2].ariaLabel.startsWith("Level 1, ")`,
    );
    assertMatch((await labels())[2]!, /135 of 150/);

    const pad = page.locator(".pad canvas").first();
    await pad.focus();
    await page.keyboard.press("Space");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowDown");
    await page.waitForSelector(".bars .best");
    assertEquals(errors, []);
  }));
