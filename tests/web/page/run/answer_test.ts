/** The words of an answer; how it looks is for the browser's tests. */

import { assertEquals, assertMatch } from "@std/assert";
import type { TicketVerdict } from "../../../../src/reports/verdicts/verdict.ts";
import { meaningText } from "../../../../src/web/page/run/answer.ts";

const verdict = (full: number[], ticket: number[], control: number[]): TicketVerdict => ({
  ...{ won: true, trials: full.length, sentence: "" },
  compared: { full, ticket, control, isAtStop: true, percent: 20 },
});

Deno.test("answer: what a call means, and that few trials are an example", () => {
  assertMatch(
    meaningText(verdict([0.9], [0.95], [0.8])),
    /starting values differ.*Other seeds may/,
  );
  assertMatch(
    meaningText(verdict([0.9], [0.8], [0.7])),
    /wins when it is as good.*Pruning in more/,
  );
  const close = verdict([0.9, 0.9], [0.95, 0.86], [0.7, 0.7]);
  assertMatch(meaningText(close), /^Some trials say yes and some say no/);
  const five = (value: number) => [0, 1, 2, 3, 4].map((i) => value + i / 1000);
  assertEquals(/Other seeds/.test(meaningText(verdict(five(0.9), five(0.95), five(0.8)))), false);
  assertEquals(meaningText({ won: null, trials: 0, sentence: "", compared: null }), "");
});
