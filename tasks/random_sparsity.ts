/** `deno task random-sparsity`: trains networks of random sparsity and prints what it found. */

import { randomSparsityRunner } from "../src/commands/random_sparsity.ts";
import { runRunner } from "./lib/laboratory.ts";

await runRunner(randomSparsityRunner);
