/**
 * Shared by every task: parses the arguments, prints help, and turns whatever happens into one
 * line on stderr and an exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted.
 */
import { InterruptedError, LotteryError, UsageError } from "../../src/errors.ts";
import { joinLine } from "../../src/flags/shell_words.ts";
import { boolean } from "../../src/flags/kinds.ts";
import type { FlagSet, FlagValues } from "../../src/flags/flags.ts";
import { onStopSignal } from "./stop_signals.ts";
import { jsonText, onOneLine, visible, writeStderr, writeStdout } from "./terminal.ts";
import { parseArguments, UnknownFlagError } from "../../src/flags/parse.ts";
import { helpText } from "../../src/flags/help.ts";

/** Flags that every task has. */
const commonFlags = {
  quiet: boolean({ help: "no progress and no notices on stderr", group: "Output" }),
  debug: boolean({ help: "show the stack of an error", group: "Output" }),
  help: boolean({ help: "show this text", group: "Output" }),
};

/** A task as `--help` shows it. */
export interface Task<S extends FlagSet> {
  /** The task's name in deno.json. */
  name: string;
  /** One sentence. */
  summary: string;
  flags: S;
  /** The names of its operands; see `parseArguments`. Default: none. */
  operands?: readonly string[];
  /** Whole command lines. */
  examples: readonly string[];
}

/** Values of a task's own flags and of those that every task has. */
export type TaskValues<S extends FlagSet> = FlagValues<S> & FlagValues<typeof commonFlags>;

const ERASE_LINE = "\r\x1b[K";

/** Writes a line to stderr, in the place of a progress line if one stands there. */
function tell(text: string): void {
  writeStderr(`${Deno.stderr.isTerminal() ? ERASE_LINE : ""}${visible(text)}\n`);
}

let isQuiet = false;

/** Prints a result on stdout. */
export function print(text: string): void {
  writeStdout(`${visible(text)}\n`);
}

/** Prints a result as one JSON document. */
export function printJson(value: unknown): void {
  writeStdout(`${jsonText(value)}\n`);
}

/** Tells the user something that is not a result: a line on stderr, unless --quiet. */
export function notice(text: string): void {
  if (!isQuiet) tell(text);
}

/** Tells the user of an error before the task ends: a line on stderr, with --quiet too. */
export function warn(text: string): void {
  tell(text);
}

let isInterruptLeftToChild = false;

/** From now on ctrl-C is the business of the child process, which gets it too. */
export function leaveInterruptsToChild(): void {
  isInterruptLeftToChild = true;
}

/** Called at the first interruption while there is something to save. */
let onInterrupt: (() => void) | null = null;

/** During `work`, the first ctrl-C or other stop signal calls `stop`; the second exits. */
export async function interruptible<T>(stop: () => void, work: () => Promise<T>): Promise<T> {
  onInterrupt = stop;
  try {
    return await work();
  } finally {
    onInterrupt = null;
  }
}

/**
 * One ctrl-C can come twice: from the terminal to the whole process group, and once more from `deno
 * task`, which hands on what it gets. What follows the first this closely is no second one.
 */
const SAME_INTERRUPT_MILLISECONDS = 1000;
let interruptedAt = -Infinity;

function interrupt(): void {
  if (isInterruptLeftToChild) return;
  const now = performance.now();
  if (now - interruptedAt < SAME_INTERRUPT_MILLISECONDS) return;
  if (onInterrupt) {
    interruptedAt = now;
    const stop = onInterrupt;
    onInterrupt = null;
    return stop();
  }
  // Files are replaced whole, so there is nothing to undo.
  tell("interrupted");
  Deno.exit(INTERRUPTED);
}

const INTERRUPTED = 130;

/** The command that was given, as a shell takes it. */
export function commandLine(task: string): string {
  return joinLine(["deno", "task", task, ...Deno.args]);
}

/** Whether an error is the system's (a file, a port, a program that cannot be had), not a bug's. */
function isRefusal(error: unknown): boolean {
  return Object.values(Deno.errors).some((kind) => error instanceof kind) ||
    (error instanceof Error && "code" in error && /^E[A-Z]+$/.test(`${error.code}`));
}

/** Prints an error as its one line and ends the process. */
function exitWith(error: unknown): never {
  const isDebug = Deno.args.includes("--debug");
  const message = onOneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof InterruptedError) {
    tell(message);
    Deno.exit(INTERRUPTED);
  }
  const hint = isDebug ? "" : " (run again with --debug for the stack)";
  const kind = isRefusal(error) ? "the system refused: " : "internal: ";
  tell(`error: ${error instanceof LotteryError ? message : `${kind}${message}${hint}`}`);
  if (isDebug && error instanceof Error) tell(error.stack ?? "");
  Deno.exit(error instanceof UsageError ? 2 : 1);
}

/**
 * Runs a task and ends the process. Results are printed with `print`, which a reader that goes away
 * (`| head`) does not disturb.
 *
 * @param explain says more of a flag that the task does not have
 */
export async function runTask<S extends FlagSet>(
  task: Task<S>,
  main: (values: TaskValues<S>, operands: string[]) => Promise<void>,
  explain: (error: UnknownFlagError) => unknown = (error) => error,
): Promise<never> {
  onStopSignal(interrupt);
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    exitWith(event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    exitWith(event.error);
  });
  try {
    const flags: S & typeof commonFlags = { ...task.flags, ...commonFlags };
    const operandNames = task.operands ?? [];
    if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
      print(helpText(task.name, task.summary, flags, task.examples, operandNames));
      Deno.exit(0);
    }
    const { values, operands } = parseArguments(Deno.args, flags, operandNames);
    isQuiet = values.quiet;
    await main(values, operands);
  } catch (error) {
    exitWith(error instanceof UnknownFlagError ? explain(error) : error);
  }
  Deno.exit(0);
}
