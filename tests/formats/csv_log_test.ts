import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FormatError, InputError } from "../../src/errors.ts";
import { decodeLog, encodeLog, type LogRow, type Phase } from "../../src/formats/csv_log.ts";
import { runNumpy } from "../numpy.ts";
import { fuzzDecoder } from "../../tasks/lib/fuzzer.ts";

const PHASES: Phase[] = ["train", "validate", "test"];

Deno.test("a log has the original's rows", () => {
  const rows = [
    { iteration: 0, loss: 2.302585, accuracy: 0.1 },
    { iteration: 100, loss: 1e-7, accuracy: 1 },
  ];
  const text = "iteration,0,validate_loss,2.302585,validate_accuracy,0.1\n" +
    "iteration,100,validate_loss,1e-7,validate_accuracy,1\n";
  assertEquals(encodeLog("validate", rows), text);
  assertEquals(decodeLog(text, "validate.log"), { phase: "validate", rows });
});

Deno.test("what the original's write_log writes is read: no phase in the keys, Python's numbers", async () => {
  const text = await runNumpy(`
import numpy as np
for iteration, loss, accuracy in [(1, 2.302585, 0.1), (100, 1e-7, 1.0), (200, 12345678.0, 0.0), (300, np.inf, 0.25)]:
    # A tensor's row of 32-bit floats.
    row = np.array([iteration, loss, accuracy], dtype=np.float32)
    print("iteration,{},loss,{},accuracy,{}".format(*row))
print("iteration,{},loss,{},accuracy,{}".format(400.0, float("nan"), 0.5))`);
  assert(text.startsWith("iteration,1.0,loss,2.30258"), text);
  const { phase, rows } = decodeLog(text, "train.log", "any");
  assertEquals(phase, null);
  const float = Math.fround;
  assertEquals(
    rows.map((row) => ({ ...row, loss: float(row.loss), accuracy: float(row.accuracy) })),
    [
      { iteration: 1, loss: float(2.302585), accuracy: float(0.1) },
      { iteration: 100, loss: float(1e-7), accuracy: 1 },
      { iteration: 200, loss: 12345678, accuracy: 0 },
      { iteration: 300, loss: Infinity, accuracy: 0.25 },
      { iteration: 400, loss: NaN, accuracy: 0.5 },
    ],
  );
  // A run's own log holds finite numbers only.
  assertThrows(() => decodeLog(text, "train.log"), FormatError, "train.log: line 4");
});

Deno.test("an empty log has no phase", () => {
  assertEquals(encodeLog("test", []), "");
  assertEquals(decodeLog("", "test.log"), { phase: null, rows: [] });
});

Deno.test("Windows line ends are read", () => {
  const text = encodeLog("test", [{ iteration: 1, loss: 2, accuracy: 0.5 }]).replace("\n", "\r\n");
  assertEquals(decodeLog(text, "test.log").rows, [{ iteration: 1, loss: 2, accuracy: 0.5 }]);
});

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const rowsArbitrary: fc.Arbitrary<LogRow[]> = fc.array(
  fc.record({ iteration: fc.maxSafeNat(), loss: finite, accuracy: finite }),
  { minLength: 1, maxLength: 20 },
);

Deno.test("property: decode(encode(x)) is x bit for bit, negative zero and subnormals included", () => {
  fc.assert(
    fc.property(fc.constantFrom(...PHASES), rowsArbitrary, (phase, rows) => {
      const decoded = decodeLog(encodeLog(phase, rows), "a.log");
      assertEquals(decoded.phase, phase);
      const bits = (rows: LogRow[]) =>
        Float64Array.from(rows.flatMap((row) => [row.iteration, row.loss, row.accuracy]));
      assertEquals(
        new BigUint64Array(bits(decoded.rows).buffer),
        new BigUint64Array(bits(rows).buffer),
      );
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("32-bit floats read back bit for bit in NumPy", async () => {
  const words = fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), {
    seed: 1,
    numRuns: 100,
  });
  const text = encodeLog(
    "train",
    words.map((loss, iteration) => ({ iteration, loss, accuracy: 0 })),
  );
  const bits = await runNumpy(
    `
import sys, numpy as np
rows = [line.split(",") for line in sys.argv[1].splitlines()]
print(",".join(str(np.float32(row[3]).view(np.uint32)) for row in rows))`,
    [text],
  );
  assertEquals(bits.trim().split(",").map(Number), [
    ...new Uint32Array(Float32Array.from(words).buffer),
  ]);
});

Deno.test("what cannot be logged is refused", () => {
  const encode = (row: Partial<LogRow>) => () =>
    encodeLog("train", [{ iteration: 3, loss: 1, accuracy: 1, ...row }]);
  assertThrows(encode({ loss: NaN }), InputError, "train loss NaN and accuracy 1 at iteration 3");
  assertThrows(encode({ accuracy: Infinity }), InputError, "accuracy Infinity at iteration 3");
  assertThrows(encode({ iteration: 1.5 }), InputError, "iteration 1.5");
  assertThrows(encode({ iteration: -1 }), InputError, "iteration -1");
});

Deno.test("a bad line is named by file and number", () => {
  const good = "iteration,1,train_loss,2,train_accuracy,0.5\n";
  const cases: [string, string][] = [
    ["1,2,0.5\n", 'line 2 is "1,2,0.5" instead of iteration,N,train_loss'],
    ["\n", 'line 2 is "" instead of'],
    ["iteration,1,train_loss,nan,train_accuracy,0.5\n", "line 2"],
    ["iteration,1,train_loss,1e999,train_accuracy,0.5\n", "line 2"],
    ["iteration,-1,train_loss,1,train_accuracy,0.5\n", "line 2"],
    ["iteration,99999999999999999,train_loss,1,train_accuracy,0.5\n", "line 2"],
    ["iteration,1,train_loss,1,test_accuracy,0.5\n", "line 2"],
    ["iteration,1,loss_loss,1,loss_accuracy,0.5\n", "line 2"],
    ["iteration,1,train_loss,2,train_accuracy,0.", "line 2 is cut short"],
    ["iteration,1,test_loss,2,test_accuracy,0.5\n", "line 2 belongs to test but"],
    [
      "iteration,1.0,loss,2,accuracy,0.5\n",
      "line 2 belongs to no phase but the lines before to train",
    ],
    ["iteration,1.5,train_loss,2,train_accuracy,0.5\n", "line 2"],
    ["iteration,1,train_loss,2,accuracy,0.5\n", "line 2"],
    ["iteration,1,loss,2,train_accuracy,0.5\n", "line 2"],
  ];
  for (const [line, message] of cases) {
    assertThrows(() => decodeLog(good + line, "run/train.log"), FormatError, message, line);
    assertThrows(() => decodeLog(good + line, "run/train.log"), FormatError, "run/train.log: ");
  }
});

Deno.test("fuzz: damaged logs give rows or a FormatError", async () => {
  const valid = PHASES.map((phase) =>
    encodeLog(phase, [{ iteration: 100, loss: 0.1234, accuracy: 0.98 }, {
      iteration: 200,
      loss: 1e-9,
      accuracy: 1,
    }])
  ).map((text) => new TextEncoder().encode(text));
  await fuzzDecoder((bytes) => decodeLog(new TextDecoder().decode(bytes), "a.log"), valid);
});
