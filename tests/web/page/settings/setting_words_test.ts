import { assertEquals } from "@std/assert";
import { inLabels } from "../../../../src/web/page/settings/setting_words.ts";

Deno.test("complaints name the fields as the page does; what has no field keeps its name", () => {
  assertEquals(
    inLabels("--momentum 0.8 is of --optimizer momentum or nesterov; --no-control, --mask-0"),
    "“Momentum” 0.8 is of “Optimizer” momentum or nesterov; " +
      "“Control at the end”, “Pruned weights are”",
  );
  assertEquals(inLabels("--json is for scripts"), "--json is for scripts");
});
