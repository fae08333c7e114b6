/** `deno task compare`: trains pruning methods side by side and prints how they compare. */

import { compareRunner } from "../src/commands/compare.ts";
import { runRunner } from "./lib/laboratory.ts";

await runRunner(compareRunner);
