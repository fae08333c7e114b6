/**
 * Live progress on stderr: takes where the training stands, gives one line that updates in place on a
 * terminal, a plain line every few seconds elsewhere, nothing with --quiet.
 */

import { formatDuration, type ProgressState, SpeedMeter } from "../src/mnist_fc/progress.ts";

export interface ProgressOptions {
  quiet: boolean;
  /** For tests; stderr, its width and the clock (ms) otherwise. */
  isTerminal?: boolean;
  columns?: number;
  write?: (text: string) => void;
  now?: () => number;
}

export interface Progress {
  /** Shows a new state, unless the last one was shown too short a time ago. */
  update(state: ProgressState): void;
  /** Removes the line from the terminal. */
  end(): void;
}

const TERMINAL_INTERVAL_MS = 100, PLAIN_INTERVAL_MS = 5000;

/** Whole numbers, but for speeds below ten. */
function formatSpeed(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : `${Math.round(perSecond)}`;
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}

/** Writes to stderr; that no one reads it any more is no reason to stop an experiment. */
function writeStderr(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** A display of the progress of one experiment, on stderr. */
export function createProgress(options: ProgressOptions): Progress {
  const isTerminal = options.isTerminal ?? Deno.stderr.isTerminal();
  const write = options.write ?? writeStderr;
  const now = options.now ?? (() => performance.now());
  const interval = isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
  if (options.quiet) return { update() {}, end() {} };

  let shownAt = -Infinity;
  const meter = new SpeedMeter();

  function line(
    { stage, iteration, iterations, done, total, loss, accuracy }: ProgressState,
  ): string {
    const speed = meter.perSecond, left = meter.secondsLeft(done, total);
    return [
      stage,
      `iteration ${`${iteration}`.padStart(`${iterations}`.length)}/${iterations}`,
      `loss ${loss.toFixed(4)}`,
      ...(accuracy === null ? [] : [`accuracy ${(accuracy * 100).toFixed(2)}%`]),
      ...(speed !== null ? [`${formatSpeed(speed)} it/s`] : []),
      ...(left !== null ? [`${formatDuration(left)} left`] : []),
    ].join("  ");
  }

  return {
    update(state) {
      const time = now();
      if (time - shownAt < interval) return;
      meter.measure(time, state.done);
      shownAt = time;
      if (!isTerminal) return write(`${line(state)}\n`);
      const columns = options.columns ?? terminalColumns();
      write(`\r\x1b[K${line(state).slice(0, columns - 1)}`);
    },
    end() {
      if (isTerminal) write("\r\x1b[K");
    },
  };
}
