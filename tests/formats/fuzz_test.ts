/** Thousands of cases of every parser; `deno task fuzz --cases 1000000` runs more. */

import { assert, assertRejects } from "@std/assert";
import { LotteryError } from "../../src/errors.ts";
import { fuzz, FuzzFailure } from "../../tasks/lib/fuzzer.ts";
import { PARSERS } from "../../tasks/lib/fuzz_parsers.ts";

const CASES = 3000;

for (const parser of PARSERS) {
  Deno.test(`fuzz: ${parser.name}`, async () => {
    for (const bytes of parser.valid) {
      // A lock file is only ever read to say who has the lock.
      if (parser.name !== "lock") await parser.parse(bytes);
    }
    const { refused } = await fuzz(parser, CASES);
    assert(refused > CASES / 2, `only ${refused} of ${CASES} were refused`);
  });
}

Deno.test("fuzz: a parser that fails, or shows what it was given, is found out", async () => {
  const valid = [Uint8Array.of(1, 2, 3)];
  const name = "bad";
  await assertRejects(
    () => fuzz({ name, valid, parse: (bytes) => bytes[5].toString() }, 1000),
    FuzzFailure,
    "not an error for the user: TypeError",
  );
  const parse = (bytes: Uint8Array) => {
    const error = new LotteryError("bad");
    error.message += String.fromCharCode(...bytes);
    throw error;
  };
  await assertRejects(() => fuzz({ name, valid, parse }, 1000), FuzzFailure, "control characters");
});
