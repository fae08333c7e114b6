/**
 * Live progress on stderr: takes where the training stands, gives one line that updates in place on a
 * terminal, a plain line every few seconds elsewhere, nothing with --quiet.
 */

/** Where the experiment stands. */
export interface ProgressState {
  /** What is being trained: "level 3/10". */
  stage: string;
  /** Iterations of this stage that are done, and that there will be. */
  iteration: number;
  iterations: number;
  /** The same over all stages, as they are counted for the time left. */
  done: number;
  total: number;
  loss: number;
  /** From 0 to 1; null before the first evaluation. */
  accuracy: number | null;
}

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
/** Time over which the speed is averaged. */
const SMOOTHING_MS = 10000;

/** Seconds as 0:07, 12:34 or 1:02:03. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const two = (n: number) => `${n}`.padStart(2, "0");
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

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
  let last: { time: number; done: number } | null = null;
  /** Iterations per ms. */
  let speed: number | null = null;

  function measure(time: number, done: number): void {
    if (last && time <= last.time) return;
    if (last) {
      const latest = (done - last.done) / (time - last.time);
      const weight = speed === null ? 1 : 1 - Math.exp((last.time - time) / SMOOTHING_MS);
      speed = (speed ?? 0) * (1 - weight) + latest * weight;
    }
    last = { time, done };
  }

  function line(
    { stage, iteration, iterations, done, total, loss, accuracy }: ProgressState,
  ): string {
    return [
      stage,
      `iteration ${`${iteration}`.padStart(`${iterations}`.length)}/${iterations}`,
      `loss ${loss.toFixed(4)}`,
      ...(accuracy === null ? [] : [`accuracy ${(accuracy * 100).toFixed(2)}%`]),
      ...(speed
        ? [
          `${formatSpeed(speed * 1000)} it/s`,
          `${formatDuration((total - done) / speed / 1000)} left`,
        ]
        : []),
    ].join("  ");
  }

  return {
    update(state) {
      const time = now();
      if (time - shownAt < interval) return;
      measure(time, state.done);
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
