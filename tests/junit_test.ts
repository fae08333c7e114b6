import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { countResults, readJunit } from "../tasks/lib/junit.ts";

const PLENTY = `
Deno.test("good", () => {});
Deno.test('<testcase name="fake"><failure>', () => {});
Deno.test("bad", () => { throw new Error("</testsuite><skipped/>"); });
Deno.test({ name: "left", ignore: true, fn() {} });
Deno.test("steps", async (t) => { await t.step("one", () => {}); await t.step("two", () => {}); });
`;

Deno.test("what deno test reports is counted by file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "plenty_test.ts"), PLENTY);
    await Deno.writeTextFile(join(folder, "few_test.ts"), 'Deno.test("good", () => {});');
    await Deno.writeTextFile(join(folder, "broken_test.ts"), 'throw new Error("at once");');
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--no-lock", "--junit-path=report.xml"],
      cwd: folder,
    }).output();
    assertEquals(code, 1);
    const results = readJunit(await Deno.readTextFile(join(folder, "report.xml")));
    assertEquals(results.sort((a, b) => a.file < b.file ? -1 : 1), [
      { file: "few_test.ts", passed: 1, failed: 0, skipped: 0 },
      { file: "plenty_test.ts", passed: 5, failed: 1, skipped: 1 },
    ]);
    const files = ["few_test.ts", "plenty_test.ts", "broken_test.ts"];
    const lines: string[] = [];
    const options = { success: false, isFiltered: false, say: (line: string) => lines.push(line) };
    assertEquals(countResults(files, results, options), { passed: 6, failed: 3 });
    assertEquals(lines, [
      "plenty_test.ts: 1 skipped, which counts as failed",
      "broken_test.ts: no test ran, which counts as failed",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a run that failed has a failure; tests that a filter left out have not failed", () => {
  const results = [{ file: "a_test.ts", passed: 2, failed: 0, skipped: 3 }];
  const count = (success: boolean) =>
    countResults(["a_test.ts"], results, { success, isFiltered: true, say: () => {} });
  assertEquals(count(true), { passed: 2, failed: 0 });
  assertEquals(count(false), { passed: 2, failed: 1 });
});
