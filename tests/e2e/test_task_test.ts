import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";

/** Runs tasks/test.ts with the permissions that deno.json gives it. */
async function runTestTask(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "test", ...args],
    cwd: fromFileUrl(new URL("../..", import.meta.url)),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
  return { code, lastLine: decode(stdout).split("\n").at(-1), stderr: decode(stderr) };
}

Deno.test("the test task runs the tests that are named, and ends with their number", async () => {
  const whole = await runTestTask("tests/std");
  assertEquals(whole.code, 0);
  assertMatch(whole.lastLine ?? "", /^[1-9]\d+ passed, 0 failed$/);
  const filtered = await runTestTask("--filter", "path", "tests/std/path_test.ts", "tests/std/");
  assertEquals([filtered.code, filtered.lastLine], [0, "1 passed, 0 failed"]);
});

Deno.test("the test task fails if no test ran, and on bad usage", async () => {
  const none = await runTestTask("tests/std", "--filter=no test is called this");
  assertEquals([none.code, none.lastLine], [1, "0 passed, 0 failed"]);
  assertEquals(await runTestTask("tests/none"), {
    code: 2,
    lastLine: "",
    stderr: "error: tests/none does not exist; name test files, or folders such as tests/formats",
  });
});
