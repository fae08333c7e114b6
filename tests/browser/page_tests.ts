/**
 * Runs modules of Deno tests in Chromium: takes the modules, makes each of their tests a step of
 * one test here.
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Page } from "playwright-core";
import { withModulePage } from "./module_page.ts";
import { projectConfig, ROOT, withFile } from "../../tasks/lib/toolchain.ts";

/** The module that the page has loaded. */
interface TestModule {
  testNames(): string[];
  runTest(name: string): Promise<string | null>;
  openTestWorker(url: string): (name: string) => Promise<string | null>;
}

const file = (name: string) => fromFileUrl(new URL(name, import.meta.url));

/** deno.json for bundles of tests: what the assertions use of Node is stood in for. */
async function testConfig(): Promise<string> {
  const config = await projectConfig();
  const standIn = `file://${file("node_stand_in.ts")}`;
  return JSON.stringify({
    ...config,
    imports: { ...config.imports, "node:assert": standIn, "node:util": standIn },
  });
}

/** The page's state between steps. */
type Opened = { testModule: TestModule; runTestStep: (name: string) => Promise<string | null> };

/**
 * Makes the page ready to run steps; returns their names.
 *
 * @throws Error with the page's own errors if the module does not load
 */
async function openTests(
  page: Page,
  where: "page" | "worker",
  errors: readonly string[],
): Promise<string[]> {
  // Tests that open the GPU when they are loaded are not ready when the page is.
  await page.waitForFunction(() => Boolean((globalThis as unknown as Opened).testModule))
    .catch((cause) => {
      throw new Error(`the tests do not load: ${errors.join("; ")}`, { cause });
    });
  return await page.evaluate((where) => {
    const here = globalThis as unknown as Opened, { testModule } = here;
    here.runTestStep = where === "page"
      ? testModule.runTest
      : testModule.openTestWorker("/module.js");
    return testModule.testNames();
  }, where);
}

function runStep(page: Page, name: string): Promise<string | null> {
  return page.evaluate((name) => (globalThis as unknown as Opened).runTestStep(name), name);
}

/**
 * Runs the tests of the modules, in a worker (where OPFS is) or in the page, as steps of a test.
 * The file that registers that test counts as theirs.
 *
 * @param modules  paths from the project's folder
 * @param leaveOut tests that a browser need not run again
 */
export async function runInChromium(
  context: Deno.TestContext,
  modules: readonly string[],
  { where, leaveOut }: { where: "page" | "worker"; leaveOut?: RegExp },
): Promise<void> {
  const registry = `file://${file("test_registry.ts")}`;
  const entry = [
    `import ${JSON.stringify(registry)};`,
    ...modules.map((module) => `import ${JSON.stringify(`file://${ROOT}${module}`)};`),
    `export * from ${JSON.stringify(registry)};`,
  ].join("\n");
  await withFile(
    "deno.json",
    await testConfig(),
    (config) =>
      withFile(
        "entry.ts",
        entry,
        (path) =>
          withModulePage(path, async ({ page, errors, strangers }) => {
            const all = await openTests(page, where, errors);
            const names = all.filter((name) => !leaveOut?.test(name));
            assert(names.length > 0, "no test was registered");
            for (const name of names) {
              await context.step(name, async () => assertEquals(await runStep(page, name), null));
            }
            assertEquals([errors, strangers], [[], []]);
          }, config),
      ),
  );
}
