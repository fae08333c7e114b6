/** `deno task run-lottery`: finds winning tickets and prints what it found. */

import { lotteryRunner } from "../src/commands/lottery.ts";
import { runRunner } from "./lib/laboratory.ts";

await runRunner(lotteryRunner);
