/**
 * Fuzzing of parsers: random bytes, and valid files with bytes changed, inserted or cut off, from a
 * seed. A parser must give a value or one of the errors that are meant for the user, quickly.
 */

import { LotteryError } from "../../src/errors.ts";

/** Something that reads bytes from elsewhere. */
export interface Parser {
  name: string;
  parse(bytes: Uint8Array): unknown;
  /** Files that are whole. */
  valid: Uint8Array[];
}

/** The outcome of a parser's cases. */
export interface FuzzResult {
  cases: number;
  refused: number;
  slowestMilliseconds: number;
}

/** A case on which a parser fails; its message has all that is needed to repeat it. */
export class FuzzFailure extends Error {}

/** Far beyond what any of these small inputs takes, and far below a hang. */
const SLOW_MS = 2000;

/** @throws FuzzFailure */
export async function fuzz(parser: Parser, cases: number, seed = 1): Promise<FuzzResult> {
  const result: FuzzResult = { cases, refused: 0, slowestMilliseconds: 0 };
  const random = new Random(seed);
  for (let i = 0; i < cases; i++) {
    const bytes = damagedInput(random, parser.valid);
    const fail = (what: string) => {
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      throw new FuzzFailure(`${parser.name}, seed ${seed}, case ${i}: ${what}; input (hex) ${hex}`);
    };
    const start = performance.now();
    try {
      const value = parser.parse(bytes);
      if (value instanceof Promise) await value;
    } catch (error) {
      if (!(error instanceof LotteryError)) fail(`not an error for the user: ${error}`);
      if (/\p{Cc}/u.test((error as Error).message)) fail(`control characters: ${error}`);
      result.refused++;
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > SLOW_MS) fail(`took ${milliseconds} ms`);
    result.slowestMilliseconds = Math.max(result.slowestMilliseconds, milliseconds);
  }
  return result;
}

/** The same for a test: most damaged inputs must be refused. */
export async function fuzzDecoder(
  parse: (bytes: Uint8Array) => unknown,
  valid: Uint8Array[],
  cases = 2000,
): Promise<void> {
  const { refused } = await fuzz({ name: "decoder", parse, valid }, cases);
  if (refused <= cases / 2) throw new Error(`only ${refused} of ${cases} inputs were refused`);
}

/** Random bytes, or a damaged copy of a valid file. */
function damagedInput(random: Random, valid: Uint8Array[]): Uint8Array {
  const kind = random.integerBelow(8);
  if (kind === 0) return random.bytes(random.integerBelow(200));
  const original = valid[random.integerBelow(valid.length)];
  if (kind === 1) return original.slice(0, random.integerBelow(original.length + 1));
  let bytes = original;
  for (let changes = 1 + random.integerBelow(4); changes > 0; changes--) {
    // Headers are at the start, and are what sizes are read from.
    const range = random.integerBelow(2) === 0 ? Math.min(64, bytes.length) : bytes.length;
    const at = random.integerBelow(range + 1);
    const inserted = random.integerBelow(3) === 0
      ? random.interesting()
      : random.bytes(random.integerBelow(4));
    const dropped = random.integerBelow(2) === 0 ? inserted.length : random.integerBelow(5);
    const end = Math.min(bytes.length, at + dropped);
    const changed = new Uint8Array(at + inserted.length + bytes.length - end);
    changed.set(bytes.subarray(0, at));
    changed.set(inserted, at);
    changed.set(bytes.subarray(end), at + inserted.length);
    bytes = changed;
  }
  return bytes;
}

/** Values that have broken parsers: large and negative numbers, nesting, names with a meaning. */
const INTERESTING = [
  "\xff\xff\xff\xff",
  "\x00\x00\x00\x80",
  "\xff\xff\xff\x7f",
  "9999999999",
  "1e999",
  "-1",
  "null",
  "__proto__",
  "../../x",
  "[".repeat(60000),
  '{"a":'.repeat(20000),
  "\n",
  "\0",
  '"',
  "'",
  "NaN",
].map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)));

/** mulberry32: fast, and the same everywhere. */
class Random {
  constructor(private state: number) {}

  /** A whole number from 0 to n - 1. */
  integerBelow(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * n);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.integerBelow(256));
  }

  interesting(): Uint8Array {
    return INTERESTING[this.integerBelow(INTERESTING.length)];
  }
}
