import { testInChromium } from "./page_tests.ts";

testInChromium("OPFS keeps the contract of storages", ["tests/browser/opfs_contract.ts"], {
  where: "worker",
});
