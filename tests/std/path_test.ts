import { assertEquals, assertThrows } from "@std/assert";
import * as path from "@std/path";

// Expected values are the examples of the @std/path documentation, and hand-worked POSIX cases.
Deno.test("path functions on POSIX paths", () => {
  assertEquals(path.join("/foo", "bar", "baz/asdf", "quux", ".."), "/foo/bar/baz/asdf");
  assertEquals(path.dirname("/home/user/Documents/image.png"), "/home/user/Documents");
  assertEquals(path.basename("/home/user/Documents/image.png"), "image.png");
  assertEquals(path.basename("/home/user/Documents/image.png", ".png"), "image");
  assertEquals(path.extname("a/b.tar.gz"), ".gz");
  assertEquals(path.resolve("/foo", "bar", "../baz"), "/foo/baz");
  assertEquals(
    path.relative("/data/orandea/test/aaa", "/data/orandea/impl/bbb"),
    "../../impl/bbb",
  );
  assertEquals(path.isAbsolute("/a"), true);
  assertEquals(path.isAbsolute("a"), false);
  assertEquals(path.normalize("/foo/bar//baz/asdf/quux/.."), "/foo/bar/baz/asdf");
});

Deno.test("file URLs: spaces, percent signs and other schemes", () => {
  assertEquals(path.toFileUrl("/my data/100%").href, "file:///my%20data/100%25");
  assertEquals(path.fromFileUrl("file:///my%20data/100%25"), "/my data/100%");
  assertThrows(() => path.toFileUrl("my data"), TypeError, "absolute");
  assertThrows(() => path.fromFileUrl("https://example.com/a"), TypeError);
});
