import { runInChromium } from "./page_tests.ts";

Deno.test("OPFS keeps the contract of storages", (context) =>
  runInChromium(context, ["tests/browser/opfs_contract.ts"], { where: "worker" }));
