/** `deno task fuzz`: feeds every parser damaged and random input, and shows the outcome. */

import { LotteryError, UsageError } from "../src/errors.ts";
import { integer, string } from "../src/flags/kinds.ts";
import { fuzz, FuzzFailure } from "./lib/fuzzer.ts";
import { PARSERS } from "./lib/fuzz_parsers.ts";
import { print, runTask } from "./lib/support.ts";

const task = {
  name: "fuzz",
  summary:
    "Feeds random bytes and damaged files to every parser. Each must quickly return a value or an " +
    "error for the user.",
  flags: {
    cases: integer({ min: 1, max: 1e9, default: 20000, help: "cases of each parser" }),
    seed: integer({ min: 0, max: 2 ** 32 - 1, default: 1, help: "fixes the cases" }),
    parser: string({ help: "only this parser, such as npy", defaultText: "all" }),
  },
  examples: ["deno task fuzz --cases 1000000", "deno task fuzz --parser npy --seed 7"],
};

await runTask(task, async ({ cases, seed, parser }) => {
  const chosen = PARSERS.filter(({ name }) => parser === undefined || name === parser);
  if (chosen.length === 0) {
    const names = PARSERS.map(({ name }) => JSON.stringify(name)).join(", ");
    throw new UsageError(`--parser ${JSON.stringify(parser)} is unknown: use one of ${names}`);
  }
  print("parser                    cases    refused  slowest ms  cases/s");
  for (const parser of chosen) {
    const start = performance.now();
    const { refused, slowestMilliseconds } = await fuzz(parser, cases, seed).catch((error) => {
      throw error instanceof FuzzFailure ? new LotteryError(error.message) : error;
    });
    const speed = cases / (performance.now() - start) * 1000;
    print(
      `${parser.name.padEnd(20)} ${`${cases}`.padStart(10)} ${`${refused}`.padStart(10)} ` +
        `${slowestMilliseconds.toFixed(1).padStart(11)} ${speed.toFixed(0).padStart(8)}`,
    );
  }
  print(`${chosen.length} parsers, ${chosen.length * cases} cases: none failed`);
});
