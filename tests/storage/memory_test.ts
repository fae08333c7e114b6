import { assertEquals } from "@std/assert";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { testStorage } from "./contract.ts";
import { testLocks } from "./lock_contract.ts";

async function makePlace() {
  const storage = new MemoryStorage();
  await storage.write("root/file", new Uint8Array());
  await storage.remove("root/file");
  return { storage, root: "root", [Symbol.asyncDispose]: () => Promise.resolve() };
}

testStorage("MemoryStorage", makePlace);
testLocks("MemoryStorage", makePlace);

Deno.test("MemoryStorage: one root, however a path is written", async () => {
  const storage = new MemoryStorage();
  await storage.write("/a/./b//f", Uint8Array.of(1));
  assertEquals([...await storage.read("a/b/c/../f")], [1]);
  assertEquals(await storage.list(""), [{ name: "a", isDirectory: true }]);
  assertEquals(await storage.list("."), [{ name: "a", isDirectory: true }]);
  await storage.remove("/");
  assertEquals(await storage.list("/"), []);
  assertEquals(await storage.exists("/"), true);
});
