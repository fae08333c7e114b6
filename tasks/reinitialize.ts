/** `deno task reinitialize`: trains the controls of a lottery experiment. */

import { reinitializeRunner } from "../src/commands/reinitialize.ts";
import { runRunner } from "./lib/laboratory.ts";

await runRunner(reinitializeRunner);
