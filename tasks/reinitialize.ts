/**
 * `deno task reinitialize`: trains the controls of a lottery experiment and prints what it found.
 */

import { reinitializeRunner } from "../src/commands/reinitialize.ts";
import { runRunner } from "./lib/laboratory.ts";

await runRunner(reinitializeRunner);
