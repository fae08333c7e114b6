import { assertEquals, assertRejects } from "@std/assert";
import { pythonFinder } from "./numpy.ts";

Deno.test("NumPy is found that was installed after it had been missing", async () => {
  const having = new Set<string>();
  const find = pythonFinder((python) => Promise.resolve(having.has(python)));
  await assertRejects(find, Error, "no Python with NumPy (looked for python3, /usr/bin/python3, ");
  having.add("/usr/bin/python3");
  assertEquals(await find(), "/usr/bin/python3");
  having.clear();
  assertEquals(await find(), "/usr/bin/python3");
});
