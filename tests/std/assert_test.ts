import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertGreater,
  AssertionError,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import nodeAssert from "node:assert";

/** Checked with node:assert, so that no assertion is trusted to judge itself. */
function fails(assertion: () => unknown, message: RegExp) {
  nodeAssert.throws(assertion, (error) => {
    nodeAssert.ok(error instanceof AssertionError);
    nodeAssert.match(error.message, message);
    return true;
  });
}

Deno.test("assertions that hold return, those that do not throw AssertionError", () => {
  assert(1);
  fails(() => assert(0, "zero"), /^zero$/);
  fails(() => fail("on purpose"), /on purpose/);

  assertStrictEquals(NaN, NaN);
  fails(() => assertStrictEquals<unknown>({}, {}), /not strictly equal/);

  assertExists(0);
  fails(() => assertExists(null), /null/);

  assertGreater(2, 1);
  fails(() => assertGreater(1, 1), /1 > 1/);
  assertLess(1, 2);
  fails(() => assertLess(NaN, 2), /NaN < 2/);

  assertStringIncludes("lottery", "ott");
  fails(() => assertStringIncludes("lottery", "x"), /'lottery' to contain: 'x'/);
  assertMatch("level 3", /\d/);
  fails(() => assertMatch("level", /\d/), /to match/);
});

Deno.test("assertEquals compares deeply, by type, and says where typed arrays differ", () => {
  assertEquals({ a: [1, NaN, new Map([[1, "x"]])] }, { a: [1, NaN, new Map([[1, "x"]])] });
  assertEquals(new Float32Array([1, NaN]), new Float32Array([1, NaN]));
  fails(() => assertEquals({ a: 1 }, { a: 2 }), /not equal/);
  fails(() => assertEquals<unknown>(1, "1"), /not equal/);
  fails(() => assertEquals(0, -0), /not equal/);
  fails(
    () => assertEquals(new Uint8Array([1, 2, 3]), new Uint8Array([1, 2, 4])),
    /first at index 2 of 3: 3 and 4/,
  );
  fails(() => assertEquals(new Uint8Array(2), new Uint8Array(3)), /lengths 2 and 3/);
  fails(() => assertEquals<unknown>(new Uint8Array(2), new Int8Array(2)), /different types/);

  assertNotEquals([1], [2]);
  fails(() => assertNotEquals([1], [1]), /not to be/);
});

Deno.test("assertAlmostEquals: the tolerance is inclusive, and 1e-7 relative by default", () => {
  assertAlmostEquals(1, 1.25, 0.25);
  fails(() => assertAlmostEquals(1, 1.26, 0.25), /within 0.25/);
  assertAlmostEquals(1e6, 1e6 + 0.09);
  fails(() => assertAlmostEquals(1e6, 1e6 + 0.2), /close to/);
  assertAlmostEquals(1e-9, 0);
  assertAlmostEquals(Infinity, Infinity);
  fails(() => assertAlmostEquals(NaN, 0, 1), /NaN/);
  fails(() => assertAlmostEquals(1, Infinity), /Infinity/);
});

Deno.test("assertThrows checks class and message, and returns the error", () => {
  const thrown = new RangeError("too far");
  nodeAssert.equal(
    assertThrows(
      () => {
        throw thrown;
      },
      RangeError,
      "far",
    ),
    thrown,
  );
  nodeAssert.equal(
    assertThrows(() => {
      throw thrown;
    }),
    thrown,
  );
  fails(() => assertThrows(() => 1), /Expected function to throw/);
  fails(() =>
    assertThrows(() => {
      throw thrown;
    }, TypeError), /instance of "TypeError"/);
  fails(() =>
    assertThrows(
      () => {
        throw thrown;
      },
      RangeError,
      "near",
    ), /'near'/);
});

Deno.test("assertRejects checks the reason; a synchronous throw does not count", async () => {
  const reason = new RangeError("too far");
  nodeAssert.equal(await assertRejects(() => Promise.reject(reason), RangeError, "far"), reason);
  await nodeAssert.rejects(assertRejects(() => Promise.resolve()), /Expected function to reject/);
  await nodeAssert.rejects(
    assertRejects(() => Promise.reject(reason), TypeError),
    /instance of "TypeError"/,
  );
  await nodeAssert.rejects(
    assertRejects(() => {
      throw reason;
    }),
    /throws when expected to reject/,
  );
});
