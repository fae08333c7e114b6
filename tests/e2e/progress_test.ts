import { assertEquals } from "@std/assert";
import { formatDuration } from "../../src/mnist_fc/progress.ts";
import { createProgress } from "../../tasks/progress.ts";

/** What a display writes when it is told `(ms, level, iteration)`, two levels of 1000 iterations. */
function shown(
  updates: [ms: number, level: number, iteration: number][],
  options: { quiet?: boolean; isTerminal: boolean; columns?: number },
): string[] {
  const written: string[] = [];
  let time = 0;
  const progress = createProgress({
    quiet: false,
    columns: 100,
    ...options,
    write: (text) => written.push(text),
    now: () => time,
  });
  for (const [ms, level, iteration] of updates) {
    time = ms;
    progress.update({
      stage: `level ${level}/1`,
      iteration,
      iterations: 1000,
      done: level * 1000 + iteration,
      total: 2000,
      loss: 0.12345,
      accuracy: 0.9876,
    });
  }
  progress.end();
  return written;
}

Deno.test("progress elsewhere than on a terminal: a plain line every five seconds", () => {
  // 100 iterations per second; 1300 and then 750 of 2000 are left.
  assertEquals(
    shown([[0, 0, 200], [1000, 0, 300], [5000, 0, 700], [9000, 1, 100], [10500, 1, 250]], {
      isTerminal: false,
    }),
    [
      "level 0/1  iteration  200/1000  loss 0.1235  accuracy 98.76%\n",
      "level 0/1  iteration  700/1000  loss 0.1235  accuracy 98.76%  100 it/s  0:13 left\n",
      "level 1/1  iteration  250/1000  loss 0.1235  accuracy 98.76%  100 it/s  0:08 left\n",
    ],
  );
});

Deno.test("progress on a terminal: one line in place, never wider than the terminal", () => {
  assertEquals(
    shown([[0, 0, 0], [50, 0, 10], [100, 0, 10]], { isTerminal: true, columns: 12 }),
    ["\r\x1b[Klevel 0/1  ", "\r\x1b[Klevel 0/1  ", "\r\x1b[K"],
  );
});

Deno.test("progress with --quiet writes nothing", () => {
  assertEquals(shown([[0, 0, 0], [9000, 0, 10]], { isTerminal: true, quiet: true }), []);
});

Deno.test("formatDuration: minutes, hours, never negative", () => {
  assertEquals([0, 7.4, 59.6, 754, 3723, -3].map(formatDuration), [
    "0:00",
    "0:07",
    "1:00",
    "12:34",
    "1:02:03",
    "0:00",
  ]);
});
