/**
 * Times bursts cut into submits beside bursts of one submit, in Deno and in Chromium, on this
 * machine's software adapters, and prints a line of JSON for each case. Figures:
 * src/engine/submits/submit_budget.ts.
 *
 * usage: deno run -A tests/browser/time_submits.ts [ROUNDS] [deno|chromium] [REPLICAS]
 * [BURST_MILLISECONDS]
 */

import { fromFileUrl } from "@std/path";
import { prepareGpuEnvironment } from "../../src/engine/environment.ts";
import {
  BROWSER_MILLISECONDS,
  OTHER_MILLISECONDS,
} from "../../src/engine/submits/submit_budget.ts";
import { type SubmitCase, timeSubmits } from "../engine/time_submits.ts";
import { withModulePage } from "./module_page.ts";

const [rounds = "31", where = "deno chromium", only, burst = "400"] = Deno.args;
const numbers = only === undefined ? [1, 8, null] : [Number(only) || null];
const both = { rounds: Number(rounds), burst: Number(burst) };

prepareGpuEnvironment();
if (where.includes("deno")) {
  for (const replicas of numbers) {
    for (const budget of [BROWSER_MILLISECONDS, OTHER_MILLISECONDS]) {
      print({ budget, replicas, ...both }, await timeSubmits({ budget, replicas, ...both }, busy));
    }
  }
}
if (where.includes("chromium")) {
  for (const replicas of numbers) {
    const measured = { budget: BROWSER_MILLISECONDS, replicas, ...both };
    const module = fromFileUrl(new URL("../engine/time_submits.ts", import.meta.url));
    await withModulePage(module, async ({ page }) =>
      print(
        measured,
        await page.evaluate(
          (how) =>
            (globalThis as unknown as { testModule: { timeSubmits: typeof timeSubmits } })
              .testModule.timeSubmits(how),
          measured,
        ),
      ));
  }
}
Deno.exit(0);

function print({ budget }: SubmitCase, times: Awaited<ReturnType<typeof timeSubmits>>): void {
  const short = Object.entries({ budget, ...times }).map(([name, value]) =>
    [name, typeof value === "number" ? Math.round(1000 * value) / 1000 : value] as const
  );
  console.log(JSON.stringify(Object.fromEntries(short)));
}

/**
 * Milliseconds that all threads of this process have used: ticks of 10 ms, as Linux counts them.
 */
function busy(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1].split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
