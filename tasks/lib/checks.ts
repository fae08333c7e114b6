/** Format, lint and type-checks, for the tasks `check` and `test`. */
import { browserModules, checkForBrowser, LOCK, runDeno, type ToolResult } from "./toolchain.ts";
import { addTo, type Tally } from "./junit.ts";
import { print } from "./support.ts";

const PEERS = ["--config", "tests/peers/deno.json", "tests/peers"];
const CHECKS: [name: string, run: () => Promise<ToolResult>][] = [
  ["format", () => runDeno(["fmt", "--check", "--quiet"])],
  // They have dependencies of their own, which are not installed here.
  ["format of peers", () => runDeno(["fmt", "--check", "--quiet", ...PEERS])],
  ["lint", () => runDeno(["lint", "--quiet"])],
  ["type-check", () => runDeno(["check", "--quiet", LOCK, "--frozen", "src", "tasks", "tests"])],
  ["documentation of the library", () => runDeno(["doc", "--lint", "--quiet", LOCK, "src/mod.ts"])],
  [
    "type-check of examples",
    () => runDeno(["check", "--quiet", LOCK, "--doc", "src/mod.ts", "src"]),
  ],
  ["type-check of src/ against browser libraries", () => checkForBrowser(browserModules())],
];

/** Runs Deno's formatter, linter and type-checker. */
export async function runChecks(): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 };
  for (const [name, run] of CHECKS) {
    const { success, stdout, stderr } = await run();
    print(`${name} ... ${success ? "ok" : `FAILED\n${stdout}${stderr}`}`);
    addTo(tally, success ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
  }
  return tally;
}
