/**
 * The part of JSR's `@std/assert` that the tests use, with the same names and signatures, over
 * `node:assert`. Point the import map at `jsr:@std/assert` to use the original instead.
 */
import nodeAssert, { AssertionError as NodeAssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** A class whose instances are errors; abstract ones too. */
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

function raise(summary: string, msg?: string): never {
  throw new AssertionError(msg ? `${summary}: ${msg}` : `${summary}.`);
}

/** A value in a message: one line, and short even for an array of a million numbers. */
function show(value: unknown): string {
  return inspect(value, { breakLength: Infinity, depth: 4, maxArrayLength: 20 });
}

function isTypedArray(value: unknown): value is ArrayLike<number | bigint> {
  return ArrayBuffer.isView(value) && "length" in value;
}

/** Where two typed arrays first differ; the whole difference would be unreadably long. */
function firstDifference(actual: ArrayLike<unknown>, expected: unknown): string {
  if (!isTypedArray(expected) || actual.constructor !== expected.constructor) {
    return `different types: ${show(actual)} and ${show(expected)}`;
  }
  if (actual.length !== expected.length) {
    return `lengths ${actual.length} and ${expected.length}`;
  }
  const i = Array.from(actual).findIndex((value, i) => !Object.is(value, expected[i]));
  return `first at index ${i} of ${actual.length}: ${actual[i]} and ${expected[i]}`;
}

/** `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Always fails. */
export function fail(msg?: string): never {
  raise("Failed assertion", msg);
}

/** Deeply equal, types and prototypes included; NaN equals NaN, 0 does not equal -0. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  if (isTypedArray(actual)) {
    raise(`Values are not equal (${firstDifference(actual, expected)})`, msg);
  }
  try {
    nodeAssert.deepStrictEqual(actual, expected);
  } catch (error) {
    if (!(error instanceof NodeAssertionError)) throw error;
    raise(`Values are not equal: ${error.message}`, msg);
  }
}

/** Not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (isDeepStrictEqual(actual, expected)) {
    raise(`Expected actual: ${show(actual)} not to be: ${show(expected)}`, msg);
  }
}

/** The same value or object (`Object.is`). */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    raise(`Values are not strictly equal: ${show(actual)} and ${show(expected)}`, msg);
  }
}

/** Within `tolerance` of each other; by default 1e-7 of the expected value (1e-7 if that is 0). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) || 1e-7 : 0);
  if (Math.abs(expected - actual) <= allowed) return;
  raise(`Expected actual: ${actual} to be close to: ${expected}, within ${allowed}`, msg);
}

/** Neither null nor undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    raise(`Expected actual: ${actual} to not be null or undefined`, msg);
  }
}

/** `actual` > `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) raise(`Expect ${show(actual)} > ${show(expected)}`, msg);
}

/** `actual` < `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) raise(`Expect ${show(actual)} < ${show(expected)}`, msg);
}

/** `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    raise(`Expected actual: ${show(actual)} to contain: ${show(expected)}`, msg);
  }
}

/** `actual` matches the pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) raise(`Expected actual: ${show(actual)} to match: ${expected}`, msg);
}

/** `error` is an instance of the class and its message has the text; either may be left out. */
function checkError<E extends Error>(
  error: unknown,
  ErrorClass: ErrorClass<E> | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): asserts error is E {
  if (ErrorClass && !(error instanceof ErrorClass)) {
    raise(`Expected error to be instance of "${ErrorClass.name}", but was ${show(error)}`, msg);
  }
  if (msgIncludes === undefined) return;
  const text = error instanceof Error ? error.message : String(error);
  if (!text.includes(msgIncludes)) {
    raise(`Expected error message to include ${show(msgIncludes)}, but got ${show(text)}`, msg);
  }
}

/** `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const ErrorClass = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  try {
    fn();
  } catch (error) {
    checkError(error, ErrorClass, msgIncludes, note);
    return error;
  }
  raise("Expected function to throw", note);
}

/** The promise of `fn` rejects (a synchronous throw does not count); returns the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const ErrorClass = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    raise(`Function throws when expected to reject: ${show(error)}`, note);
  }
  try {
    await promise;
  } catch (error) {
    checkError(error, ErrorClass, msgIncludes, note);
    return error;
  }
  raise("Expected function to reject", note);
}
