import { runInChromium } from "./page_tests.ts";

Deno.test("gzip files are read in Chromium", (context) =>
  runInChromium(
    context,
    ["tests/formats/gzip_test.ts"],
    // A page has no files; and of damage, what runs in Deno is enough.
    { where: "page", leaveOut: /Python|bomb|fuzz/ },
  ));
