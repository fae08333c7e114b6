import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import {
  findCircle,
  folderImports,
  forbiddenImports,
  remainingImports,
  sourceImports,
} from "./module_graph.ts";
import {
  browserModules,
  bundle,
  checkForBrowser,
  entryText,
  ROOT,
  sourceModules,
  withFile,
} from "../../tasks/lib/toolchain.ts";

const imports = await sourceImports();

Deno.test("imports of src/ follow the arrow, none in a circle", () => {
  assert(imports.length > 100, `only ${imports.length} imports were found`);
  assertEquals(forbiddenImports(imports), []);
  assertEquals(findCircle(folderImports(imports)), null);
  assertEquals(findCircle(imports), null);
});

Deno.test("imports that go up, out or round are seen", () => {
  for (
    const edge of [
      { from: "src/engine/device.ts", to: "src/records/paths.ts" },
      { from: "src/formats/npy.ts", to: "src/datasets/files/folder.ts" },
      { from: "src/foundations/model.ts", to: "src/flags/flags.ts" },
      { from: "src/flags/kinds.ts", to: "src/records/paths.ts" },
      { from: "src/formats/idx.ts", to: "src/mod.ts" },
      { from: "src/analysis/table.ts", to: "tasks/lib/support.ts" },
      { from: "src/flags/flags.ts", to: "tests/numpy.ts" },
      { from: "src/errors.ts", to: "src/formats/npy.ts" },
      { from: "src/reports/report.ts", to: "npm:vega@6.4.0" },
      { from: "src/engine/kernels/wgsl.ts", to: "src/npm/vega.ts" },
      { from: "src/storage/deno.ts", to: "node:fs" },
      { from: "src/analysis/table.ts", to: "src/std/path.ts" },
    ]
  ) {
    assertEquals(forbiddenImports([...imports, edge]), [edge]);
  }
  const back = { from: "src/formats/npy.ts", to: "src/formats/tensor.ts" };
  const circle = findCircle([...imports, back]);
  assertEquals(new Set(circle), new Set([back.from, back.to]));
  const sideways = [
    { from: "src/foundations/a.ts", to: "src/datasets/b.ts" },
    { from: "src/datasets/c.ts", to: "src/foundations/d.ts" },
  ];
  assertEquals(findCircle(sideways), null);
  assertEquals(findCircle(folderImports(sideways))?.length, 3);
});

/** The task that runs the tests. */
const TEST_TASK = /^tasks\/test\.ts$/;

Deno.test("what users run imports nothing from the tests", () => {
  const importers = [...sourceModules("src"), ...sourceModules("tasks")].filter((path) =>
    /from "(\.\.\/)+tests\//.test(Deno.readTextFileSync(`${ROOT}${path}`))
  );
  assertEquals(importers.filter((path) => !TEST_TASK.test(path)), []);
  assert(importers.includes("tasks/test.ts"), "imports from the tests are seen");
});

/** The parts of a bundle that a browser lacks. */
async function needsOfBundle(text: string): Promise<string[]> {
  const uses = text.match(/\bDeno\s*(?:\?\.|[.[])|\b(?:__)?require\(["'`]|["']node:[a-z]/g) ?? [];
  return [...uses, ...await remainingImports(text)];
}

Deno.test("src/ bundles for the browser, with nothing that a browser lacks", async () => {
  const text = await withFile("entry.ts", entryText(browserModules()), bundle);
  assertStringIncludes(text, "@compute");
  assertEquals(await needsOfBundle(text), []);
});

Deno.test("a bundle that needs Deno or Node is seen", async () => {
  for (
    const module of [
      'export const read = Deno.readFile("x");',
      'import { readFileSync } from "node:fs"; export const read = readFileSync;',
      'export const read = async () => (await import("node:fs")).readFileSync;',
    ]
  ) {
    const text = await withFile("entry.ts", module, bundle);
    assertNotEquals(await needsOfBundle(text), []);
  }
  const deno = await withFile("entry.ts", entryText(["src/storage/deno.ts"]), bundle);
  assertNotEquals(await needsOfBundle(deno), []);
});

Deno.test("the type-check against browser libraries knows WebGPU, but not Deno or Node", async () => {
  const complaint = async (module: string) =>
    (await withFile("module.ts", module, (path) => checkForBrowser([path]))).stderr;
  assertEquals(await complaint("export const gpu: GPU = navigator.gpu;"), "");
  assertStringIncludes(await complaint('Deno.readFile("x");'), "Cannot find name 'Deno'");
  assertStringIncludes(await complaint("export type B = Buffer;"), "Cannot find name 'Buffer'");
});
