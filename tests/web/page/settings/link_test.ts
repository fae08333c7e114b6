/** Settings as an address: only what differs, there and back; strange names are told. */

import { assertEquals } from "@std/assert";
import { linkOf, readLink } from "../../../../src/web/page/settings/link.ts";

const empty = {
  ...{ protocol: "quick", dataset: "synthetic-digits", iterations: "", trainingLen: "" },
  ...{ seed: "0", experimentPath: "", overwrite: "false" },
};
const first = { ...empty, iterations: "7", trainingLen: "300" };
const baselines = { first, empty };

Deno.test("a first visit's settings need no words; another's are what differs", () => {
  assertEquals(linkOf(first, baselines), "");
  assertEquals(readLink("", baselines), null);
  assertEquals(linkOf({ ...first, trainingLen: "epochs:2" }, baselines), "training-len=epochs%3A2");
  assertEquals(linkOf({ ...empty, protocol: "google" }, baselines), "protocol=google");
  const own = { ...first, experimentPath: "results/mine", overwrite: "true" };
  assertEquals(linkOf(own, baselines), "");
});

Deno.test("a link gives back the settings that made it", () => {
  for (
    const texts of [
      { ...first, seed: "3" },
      { ...first, iterations: "" },
      { ...empty, protocol: "google", seed: "3 & 4=5", iterations: "2" },
    ]
  ) {
    const query = linkOf(texts, baselines);
    assertEquals(readLink(`?${query}`, baselines), { texts, unknown: [] });
  }
});

Deno.test("names that are no settings, and those of this browser alone, are told", () => {
  const { texts, unknown } = readLink("?foo=1&overwrite=true&seed=2&__proto__=1", baselines)!;
  assertEquals(unknown, ["foo", "overwrite", "__proto__"]);
  assertEquals(texts, { ...first, seed: "2" });
});
