import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli";

// Expected values follow the documentation of @std/cli's parseArgs.
Deno.test("parseArgs: the documented examples", () => {
  assertEquals(
    parseArgs(["--foo", "--bar=baz", "./quux.txt"]),
    { foo: true, bar: "baz", _: ["./quux.txt"] },
  );
  assertEquals(parseArgs(["-a", "beep", "-b", "boop"]), { _: [], a: "beep", b: "boop" });
  assertEquals(
    parseArgs(["-x", "3", "-y", "4", "-n5", "-abc", "--beep=boop", "foo", "bar", "baz"]),
    { _: ["foo", "bar", "baz"], x: 3, y: 4, n: 5, a: true, b: true, c: true, beep: "boop" },
  );
  assertEquals(
    parseArgs(["a", "--", "b", "-c"], { "--": true }),
    { _: ["a"], "--": ["b", "-c"] },
  );
  assertEquals(parseArgs(["a", "--", "b", "-c"]), { _: ["a", "b", "-c"] });
});

Deno.test("parseArgs: string, boolean, default, alias, collect, negatable", () => {
  assertEquals(parseArgs(["--seed", "007"], { string: ["seed"] }), { seed: "007", _: [] });
  assertEquals(parseArgs(["--seed", "007"]), { seed: 7, _: [] });
  assertEquals(parseArgs(["--name"], { string: ["name"] }), { name: "", _: [] });
  assertEquals(parseArgs(["--json", "file"], { boolean: ["json"] }), { json: true, _: ["file"] });
  assertEquals(parseArgs([], { boolean: ["json"] }), { json: false, _: [] });
  assertEquals(parseArgs(["--json", "false"], { boolean: ["json"] }), { json: false, _: [] });
  assertEquals(parseArgs(["--json=false"], { boolean: ["json"] }), { json: false, _: [] });
  assertEquals(parseArgs(["--a=2"], { default: { a: 1, b: 3 } }), { a: 2, b: 3, _: [] });
  assertEquals(
    parseArgs(["-h"], { alias: { help: "h" }, boolean: ["help"] }),
    { h: true, help: true, _: [] },
  );
  assertEquals(
    parseArgs(["--m", "a", "--m=b"], { collect: ["m"], string: ["m", "n"] }),
    { m: ["a", "b"], _: [] },
  );
  assertEquals(parseArgs([], { collect: ["m"], string: ["m"] }), { m: [], _: [] });
  assertEquals(
    parseArgs(["--no-control"], {
      boolean: ["control"],
      negatable: ["control"],
      default: { control: true },
    }),
    { control: false, _: [] },
  );
  assertEquals(parseArgs(["--no-color"]), { "no-color": true, _: [] });
});

Deno.test("parseArgs: unknown is told of what no option names, and may leave it out", () => {
  const seen: unknown[] = [];
  const args = parseArgs(["--known", "--other=1", "file"], {
    boolean: ["known"],
    unknown: (arg, key, value) => {
      seen.push([arg, key, value]);
      return false;
    },
  });
  assertEquals(args, { known: true, _: [] });
  assertEquals(seen, [["--other=1", "other", 1], ["file", undefined, undefined]]);
});

Deno.test("parseArgs: names of object methods are ordinary names", () => {
  const args = parseArgs(["--__proto__=x", "--toString", "y"]);
  assertEquals(Object.entries(args).sort(), [["_", []], ["__proto__", "x"], ["toString", "y"]]);
  assertEquals(Object.getPrototypeOf({}), Object.prototype);
});
