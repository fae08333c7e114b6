import { assertEquals, assertRejects } from "@std/assert";
import { Memo, once } from "../src/memo.ts";

Deno.test("memo: works once for each key, and for all who ask meanwhile", async () => {
  const memo = new Memo<string, string>();
  let count = 0;
  const ask = (key: string) => memo.get(key, () => Promise.resolve(`${key}${++count}`));
  assertEquals(await Promise.all([ask("a"), ask("b"), ask("a")]), ["a1", "b2", "a1"]);
  assertEquals([await ask("a"), count, memo.keys()], ["a1", 2, ["a", "b"]]);
  memo.delete("a");
  assertEquals(await ask("a"), "a3");
});

Deno.test("memo: a failed attempt is no answer; whoever waited for it is told", async () => {
  let count = 0;
  const make = () => ++count === 1 ? Promise.reject(new Error("hiccup")) : Promise.resolve(count);
  const ask = once(make);
  const both = [ask(), ask()];
  for (const waiting of both) await assertRejects(() => waiting, Error, "hiccup");
  assertEquals([await ask(), await ask()], [2, 2]);
});

Deno.test("memo: clear gives what was kept; an older attempt that fails forgets no newer one", async () => {
  const memo = new Memo<string, number>();
  await memo.get("kept", () => Promise.resolve(1));
  const { promise, reject } = Promise.withResolvers<number>();
  const old = memo.get("key", () => promise);
  const cleared = memo.clear();
  const fresh = memo.get("key", () => Promise.resolve(2));
  reject(new Error("too late"));
  await assertRejects(() => old, Error, "too late");
  assertEquals([await cleared, await fresh], [[1], 2]);
  assertEquals(await memo.get("key", () => Promise.resolve(3)), 2);
});
