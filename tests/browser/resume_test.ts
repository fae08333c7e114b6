import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { BrowserContext } from "playwright-core";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";
import { withFolder } from "../../tasks/lib/task_process.ts";
import { openClient, type SiteBrowser, type TabClient, withSite } from "./site_page.ts";
import { askWithFiles, treeDigests } from "./tab_files.ts";

/**
 * An experiment that goes on for some seconds (100 iterations were over before a pause came, on an
 * idle machine), with a checkpoint every 20.
 */
const ARGS = [
  "--validation-size=500",
  "--layers=40,20",
  "--training-len=300",
  "--iterations=1",
  "--test-interval=150",
  "--validate-interval=150",
  "--checkpoint-interval=iterations:20",
];
const asked = (path: string) => ({
  task: "run-lottery" as const,
  args: [...ARGS, `--experiment-path=${path}`],
});

/** A browser whose OPFS holds a small MNIST, and a tab in it. */
async function withData(
  use: (browser: SiteBrowser) => Promise<void>,
  options: Parameters<typeof withSite>[1] = {},
): Promise<void> {
  await withFolder((folder) =>
    withSite(async (browser) => {
      await writeSmallMnist(folder);
      const page = await browser.openTab();
      await openClient(page);
      const files: Record<string, Uint8Array> = {};
      for await (const { name } of Deno.readDir(folder)) {
        files[name] = await Deno.readFile(`${folder}/${name}`);
      }
      await askWithFiles(page, "storeMnist", files);
      await page.close();
      await use(browser);
      assertEquals([browser.errors, browser.strangers], [[], []]);
    }, options)
  );
}

async function finish(client: TabClient, path: string): Promise<void> {
  const { state } = await client.ask("run", asked(path));
  assertEquals(state, "finished");
}

/** Acts as a driver's crash: the browser starts another process, and every device is lost. */
async function killGpu(browser: BrowserContext): Promise<void> {
  const session = await browser.browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  Deno.kill(processInfo.find(({ type }) => type === "GPU")!.id, "SIGKILL");
}

Deno.test("a tab that is reloaded in the middle goes on, to the same bits", async (context) => {
  await withData(async ({ openTab, context: browser }) => {
    const page = await openTab();
    let client = await openClient(page);
    await finish(client, "results/undisturbed");
    const expected = await treeDigests(page, "results/undisturbed");

    await context.step("reloaded", async () => {
      await client.begin("run", asked("results/reloaded"));
      await client.waitFor("points");
      await page.reload();
      client = await openClient(page);
      const entry = (await client.ask("list")).find(({ path }) => path === "results/reloaded");
      assertEquals([entry?.isUnfinished, entry?.inUse, entry?.runsTotal], [true, null, 3]);
      assertEquals(entry?.request[0].args, asked("results/reloaded").args);
      await finish(client, "results/reloaded");
      assertEquals(await treeDigests(page, "results/reloaded"), expected);
    });

    await context.step("paused and continued", async () => {
      await client.begin("run", asked("results/paused"));
      await client.waitFor("points");
      assertEquals(await client.ask("pause", { isStopped: false }), { wasRunning: true });
      assertEquals(await client.end("run"), { state: "paused", path: "results/paused" });
      const files = Object.keys(await treeDigests(page, "results/paused"));
      assert(files.some((name) => name.endsWith("checkpoint.bin")), files.join(" "));
      await finish(client, "results/paused");
      assertEquals(await treeDigests(page, "results/paused"), expected);
    });

    await context.step("its GPU's process killed", async () => {
      await client.begin("run", asked("results/lost"));
      await client.waitFor("points");
      await killGpu(browser);
      await client.waitFor("device-lost");
      assertEquals((await client.end("run")).state, "finished");
      assertEquals(await treeDigests(page, "results/lost"), expected);
    });

    await context.step("stopped: not offered again", async () => {
      await client.begin("run", asked("results/stopped"));
      await client.waitFor("points");
      await client.ask("pause", { isStopped: true });
      const entry = (await client.ask("list")).find(({ path }) => path === "results/stopped");
      assertEquals([entry?.isUnfinished, entry?.request[0].state], [false, "stopped"]);
    });
  });
});

Deno.test("a second tab is told of the first, and goes on when that is closed", async () => {
  await withData(async ({ openTab }) => {
    const first = await openTab(), second = await openTab();
    const [one, other] = [await openClient(first), await openClient(second)];
    await one.begin("run", asked("results/shared"));
    await one.waitFor("progress");
    const error = await assertRejects(() => other.ask("run", asked("results/shared")), Error);
    assertMatch(
      error.message,
      /results\/shared\/trial1 is in use in another tab since .* UTC \(run-lottery .*close that tab/,
    );
    const [entry] = await other.ask("list");
    assertEquals([entry.inUse, entry.isUnfinished], ["elsewhere", false]);
    await assertRejects(
      () => other.ask("remove", { path: "results/shared" }),
      Error,
      "in use in another tab",
    );
    await first.close();
    // The browser frees what a tab held a moment after it is closed.
    let [left] = await other.ask("list");
    for (let wait = 0; left.inUse !== null && wait < 100; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      [left] = await other.ask("list");
    }
    assertEquals([left.inUse, left.isUnfinished], [null, true]);
    await finish(other, "results/shared");
  });
});

Deno.test("a full storage is said, and damages nothing", async () => {
  await withData(async ({ openTab, context, origin }) => {
    const page = await openTab();
    const client = await openClient(page);
    await finish(client, "results/before");
    const before = await treeDigests(page, "results/before");
    const session = await context.newCDPSession(page);
    // The browser's own count, which is what it compares with the quota.
    const used = await page.evaluate<number>("navigator.storage.estimate().then((e) => e.usage)");
    const limit = { origin: origin.replace(/\/$/, ""), quotaSize: used + 1_200_000 };
    await session.send("Storage.overrideQuotaForOrigin", limit);
    const error = await assertRejects(() => client.ask("run", asked("results/full")), Error);
    assertMatch(
      error.message,
      /^.*StorageError: cannot write results\/full\/.* storage for this page is full/,
    );
    assertEquals(await treeDigests(page, "results/before"), before);
    await session.send("Storage.overrideQuotaForOrigin", { origin: limit.origin });
    const entry = (await client.ask("list")).find(({ path }) => path === "results/full");
    assertEquals(entry?.isUnfinished, true);
    await finish(client, "results/full");
    assertEquals(await treeDigests(page, "results/full"), before);
  });
});

Deno.test("a long training: 30,000 iterations of a tiny network, and resumed in the middle", async () => {
  // Each is seven dispatches or more. V8 optimizes their calls after some 145,000, and Chromium
  // then treats arguments otherwise.
  const iterations = 30_000;
  const asked = {
    task: "run-lottery" as const,
    args: [
      ...["--validation-size=500", "--batch-size=1", "--layers=1", "--iterations=0"],
      ...[`--training-len=${iterations}`, `--test-interval=${iterations}`],
      ...[`--validate-interval=${iterations}`, "--experiment-path=results/long"],
    ],
  };
  await withData(async ({ openTab }) => {
    const client = await openClient(await openTab());
    await client.begin("run", asked);
    // An error ends the run, and the test with its words.
    await Promise.race([client.waitForIteration(iterations / 2), client.end("run")]);
    await client.ask("pause", { isStopped: false });
    assertEquals((await client.end("run")).state, "paused");
    assertEquals((await client.ask("run", asked)).state, "finished");
    const folders = ["results/long/trial1/0/same_init"];
    const [{ curves }] = await client.ask("curves", { folders });
    assertEquals(curves.train.length, iterations);
    assertEquals(curves.test.map(({ iteration }) => iteration), [0, iterations]);
  }, { isStrict: false });
});
