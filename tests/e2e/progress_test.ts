import { assertEquals } from "@std/assert";
import { formatDuration, SpeedMeter, WorkCount } from "../../src/commands/progress.ts";
import { createProgress } from "../../tasks/lib/progress.ts";

/**
 * The output of a display that receives `(ms, level, iteration)`, two levels of 1000 iterations.
 */
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
      worked: level * 1000 + iteration,
      trained: level * 1000 + iteration,
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

/** A display that is not on a terminal, its clock, and what it has written. */
function plainDisplay(options: { quiet: boolean }) {
  const clock = { ms: 0 }, written: string[] = [];
  const progress = createProgress({
    ...options,
    isTerminal: false,
    write: (text) => written.push(text.trimEnd()),
    now: () => clock.ms,
  });
  return { clock, written, progress };
}

const state = (iteration: number, loss: number | null) => ({
  ...{ stage: "level 0/1", iteration, iterations: 100, done: iteration, total: 100 },
  ...{ worked: iteration, trained: iteration, loss, accuracy: null },
});

Deno.test("progress before training: what is done is told at once, and again while it lasts", () => {
  const { clock, written, progress } = plainDisplay({ quiet: false });
  const take = () => written.splice(0);
  progress.activity("opening the GPU");
  assertEquals(take(), ["opening the GPU"]);
  progress.activity("opening the GPU");
  progress.activity("reading the examples");
  assertEquals(take(), ["reading the examples"]);
  for (clock.ms = 1000; clock.ms <= 11_000; clock.ms += 1000) progress.beat();
  assertEquals(take(), ["reading the examples  0:05", "reading the examples  0:10"]);
  progress.activity("compiling");
  progress.update(state(0, null));
  progress.activity("evaluating");
  assertEquals(take(), ["compiling", "level 0/1  iteration   0/100  evaluating"]);
  clock.ms += 6000;
  progress.beat();
  progress.activity("training");
  assertEquals(take(), [
    "level 0/1  iteration   0/100  evaluating  0:06",
    "level 0/1  iteration   0/100  training",
  ]);
  clock.ms += 6000;
  progress.update(state(60, 0.5));
  // Training is shown by its iterations from now on, and what interrupts it when it lasts.
  progress.activity("evaluating");
  progress.activity("training");
  assertEquals(take(), ["level 0/1  iteration  60/100  loss 0.5000  5.0 it/s  0:08 left"]);
  progress.activity("evaluating");
  clock.ms += 5000;
  progress.beat();
  assertEquals(take(), [
    "level 0/1  iteration  60/100  loss 0.5000  5.0 it/s  0:08 left  evaluating  0:05",
  ]);
});

Deno.test("progress with --quiet tells nothing of what is done either", () => {
  const { clock, written, progress } = plainDisplay({ quiet: true });
  progress.activity("opening the GPU");
  clock.ms = 10_000;
  progress.beat();
  assertEquals(written, []);
});

Deno.test("the time left: of the work so far, whatever was done before or is done twice", () => {
  const count = new WorkCount(), meter = new SpeedMeter();
  const at = (ms: number, iteration: number, work: number) => {
    const rest = { iterations: 100, loss: null, accuracy: null, gpuMilliseconds: null };
    count.advance({ ...rest, runs: 2, iteration, work });
    meter.measure(ms, count.state);
    const { perSecond } = meter, left = meter.secondsLeft({ ...count.state, total: 600 });
    return [count.state.done, perSecond, left].map((n) => n && Math.round(1000 * n) / 1000);
  };
  // Two runs that go on from half of their way: what is done counts, but not for the speed.
  assertEquals(at(0, 50, 75), [150, null, null]);
  assertEquals(at(1000, 60, 100), [200, 20, 8]);
  // The GPU is lost, and they begin again.
  assertEquals(at(2000, 50, 75), [150, 10, 18]);
  assertEquals(at(3000, 60, 100), [200, 13.333, 12]);
  // They end early, by divergence: all of their work is done.
  count.end(300);
  assertEquals(at(4000, 0, 0), [300, 10, 12]);
  // An evaluation is work, but no iteration.
  assertEquals(at(5000, 0, 25), [350, 8, 8.333]);
});
