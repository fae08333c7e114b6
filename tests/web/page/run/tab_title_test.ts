import { assertEquals } from "@std/assert";
import { tabTitle } from "../../../../src/web/page/run/tab_title.ts";

Deno.test("the tab's title says how far it is, and what came of it", () => {
  assertEquals(
    [
      tabTitle({ state: "idle" }),
      tabTitle({ state: "running", part: null }),
      tabTitle({ state: "running", part: 0.439 }),
      tabTitle({ state: "paused", part: 0.439 }),
      tabTitle({ state: "finished", call: "won" }),
      tabTitle({ state: "finished", call: "too close to call" }),
      tabTitle({ state: "finished", call: null }),
    ],
    [
      "Lottery tickets",
      "Begins · Lottery tickets",
      "43% · Lottery tickets",
      "Paused at 43% · Lottery tickets",
      "Done: the ticket won · Lottery tickets",
      "Done: too close to call · Lottery tickets",
      "Done · Lottery tickets",
    ],
  );
});
