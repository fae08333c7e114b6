/** `deno task train`: trains one network and prints what it found. */

import { trainRunner } from "../src/commands/train.ts";
import { runRunner } from "./lib/laboratory.ts";

await runRunner(trainRunner);
