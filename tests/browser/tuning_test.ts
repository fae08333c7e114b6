import { runInChromium } from "./page_tests.ts";

Deno.test("an unknown adapter is measured in Chromium, and kept in its own files", (context) =>
  runInChromium(
    context,
    ["self_tuning", "kept_tuning"].map((name) => `tests/foundations/tuning/${name}_test.ts`),
    { where: "worker" },
  ));
