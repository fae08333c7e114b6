/**
 * Shows live progress on stderr: one line that updates in place on a terminal, a plain line every
 * few seconds elsewhere, nothing with --quiet.
 */

import { fractionText, numberText } from "../../src/analysis/percent.ts";
import { onOneLine, writeStderr } from "./terminal.ts";
import {
  type Activity,
  formatDuration,
  type ProgressState,
  SpeedMeter,
} from "../../src/commands/progress.ts";

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
  /**
   * Shows what is being waited for: on a terminal always, elsewhere until an iteration is done. It
   * is shown before it begins, for Deno does nothing else while it waits for the GPU.
   */
  activity(activity: Activity): void;
  /** Shows that the same is still being waited for, if nothing has been shown for long. */
  beat(): void;
  /** Removes the line from the terminal. */
  end(): void;
}

const TERMINAL_INTERVAL_MS = 100, PLAIN_INTERVAL_MS = 5000;
/** Time between two calls of `beat`. */
export const BEAT_MS = 1000;

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

/** A display of the progress of one experiment, on stderr. */
export function createProgress(options: ProgressOptions): Progress {
  const isTerminal = options.isTerminal ?? Deno.stderr.isTerminal();
  const write = options.write ?? writeStderr;
  const now = options.now ?? (() => performance.now());
  const interval = isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
  if (options.quiet) return { update() {}, activity() {}, beat() {}, end() {} };

  let shownAt = -Infinity;
  let activity: { name: Activity; since: number } | null = null;
  let state: ProgressState | null = null;
  const meter = new SpeedMeter();

  function stateParts({ stage, iteration, iterations, loss, accuracy, ...work }: ProgressState) {
    const speed = meter.perSecond, left = meter.secondsLeft(work);
    return [
      stage,
      `iteration ${`${iteration}`.padStart(`${iterations}`.length)}/${iterations}`,
      ...(loss === null ? [] : [`loss ${numberText(loss, 4)}`]),
      ...(accuracy === null ? [] : [`accuracy ${fractionText(accuracy)}`]),
      ...(speed !== null ? [`${formatSpeed(speed)} it/s`] : []),
      ...(left !== null ? [`${formatDuration(left)} left`] : []),
    ];
  }

  const hasTrained = () => state !== null && state.trained > 0;

  /** The state to show: where training stands, and the activity that is waited for. */
  function line(): string {
    const parts = state ? stateParts(state) : [];
    if (activity && !(activity.name === "training" && hasTrained())) {
      const seconds = (now() - activity.since) / 1000;
      parts.push(activity.name, ...(seconds >= 1 ? [formatDuration(seconds)] : []));
    }
    return onOneLine(parts.join("  "));
  }

  function show(): void {
    shownAt = now();
    if (!isTerminal) return write(`${line()}\n`);
    const columns = options.columns ?? terminalColumns();
    write(`\r\x1b[K${line().slice(0, columns - 1)}`);
  }

  return {
    update(latest) {
      const time = now(), isFirst = !hasTrained() && latest.trained > 0;
      meter.measure(time, latest);
      state = latest;
      if (isFirst || time - shownAt >= interval) show();
    },
    activity(name) {
      if (name === activity?.name) return;
      activity = { name, since: now() };
      if (isTerminal || !hasTrained()) show();
    },
    beat() {
      if (activity && now() - shownAt >= Math.max(interval, BEAT_MS)) show();
    },
    end() {
      activity = null;
      if (isTerminal) write("\r\x1b[K");
    },
  };
}
