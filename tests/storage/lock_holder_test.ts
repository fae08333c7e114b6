import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LockedError } from "../../src/errors.ts";
import { formatHolder, lockedError, parseHolder } from "../../src/storage/lock_holder.ts";

const TAKER = { pid: 5, host: "lab", since: "2026-11-23T20:15:03Z", command: "deno task train" };

const message = (path: string, text: string) => lockedError(path, parseHolder(text), TAKER).message;

Deno.test("lockedError: a holder on another machine is stopped there", () => {
  const holder = { ...TAKER, host: "cluster-7", since: "2026-11-23T22:15:03+02:00" };
  assertEquals(
    message("results/x/.lock", formatHolder(holder)),
    'results/x is in use by process 5 on host "cluster-7" since 2026-11-23 20:15:03 UTC (deno task ' +
      "train); wait for it to end, or stop it (kill 5 on that host), then run the same command again",
  );
});

Deno.test("lockedError: a holder without a process number, as in a browser", () => {
  assertEquals(
    message("x/.lock", formatHolder({ ...TAKER, pid: null, command: "" })),
    'x is in use by another process on host "lab" since 2026-11-23 20:15:03 UTC; wait for it to end, ' +
      "then run the same command again",
  );
});

Deno.test("lockedError: a tab is told of the other tab", () => {
  const tab = { ...TAKER, pid: null, host: "this browser", command: "run-lottery --seed 1" };
  assertEquals(
    lockedError("results/x/.lock", parseHolder(formatHolder(tab)), tab).message,
    "results/x is in use in another tab since 2026-11-23 20:15:03 UTC (run-lottery --seed 1); continue " +
      "there, or close that tab and try again here",
  );
});

Deno.test("lockedError: what a lock file locks", () => {
  const locked = (path: string) => message(path, "").split(" is in use by another process; ")[0];
  for (
    const [path, folder] of [
      ["results/x/.lock", "results/x"],
      ["results/x/.lottery.lock", "results/x/lottery"],
      [".lock", "."],
      [".run.lock", "run"],
      ["/.lock", "/"],
      ["a//.lock", "a"],
      ["a/claims", "a/claims"],
    ]
  ) assertEquals(locked(path), folder);
});

Deno.test("parseHolder: reads what formatHolder writes, and only the parts that have their type", () => {
  assertEquals(parseHolder(formatHolder(TAKER)), { ...TAKER, since: "2026-11-23 20:15:03 UTC" });
  const nothing = { pid: null, host: null, since: null, command: null };
  assertEquals(parseHolder("{}"), nothing);
  assertEquals(
    parseHolder('{"pid":"1","host":["h"],"since":"yesterday","command":{"toString":1}}'),
    nothing,
  );
  for (const pid of ["-1", "0", "1.5", "1e300", "true"]) {
    assertEquals(parseHolder(`{"pid":${pid}}`), nothing, pid);
  }
  for (const text of ["", "{", "null", "7", '"x"', "[1]", "{}x"]) {
    assertEquals(parseHolder(text), undefined, text);
  }
});

Deno.test("lockedError: text of a terminal's control sequences is shown without them", () => {
  const hostile = "a\n\x1b[2Jb\u202ec\u2028d\x9be";
  const shown = message("x/.lock", JSON.stringify({ host: hostile, command: hostile }));
  assertEquals(
    shown,
    'x is in use by another process on host "a [2Jb c d e" (a [2Jb c d e); wait for it to end, then ' +
      "run the same command again",
  );
});

Deno.test("property: whatever a lock file says, the refusal is one line of bounded length", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.json(),
    fc.record({
      pid: fc.oneof(fc.double(), fc.jsonValue()),
      host: fc.oneof(fc.string({ unit: "binary", maxLength: 3000 }), fc.jsonValue()),
      since: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.string(),
      ),
      command: fc.oneof(fc.string({ unit: "binary", maxLength: 3000 }), fc.jsonValue()),
    }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const error = lockedError("x/.lock", parseHolder(text), TAKER);
      assert(error instanceof LockedError);
      assert(error.message.startsWith("x is in use by "), error.message);
      assert(error.message.length < 800, error.message);
      assert(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(error.message), JSON.stringify(error.message));
    }),
    { seed: 1, numRuns: 2000 },
  );
});
