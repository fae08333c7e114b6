/**
 * The real command line for tests: runs a task as a user does, with the permissions of deno.json,
 * and compares the folders that it writes.
 */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const CONFIG = `${ROOT}deno.json`;

/** A task that takes longer than this hangs. */
const DEADLINE_MS = 120_000;

/** The outcome of a task. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The process of a task. Its paths must be absolute: it runs in the project's root. */
export function startTask(
  task: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", CONFIG, task, ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
}

/** The arguments of `deno` that a task stands for in deno.json, to be started in any folder. */
export async function taskCommand(task: string): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(CONFIG));
  const [deno, ...args] = (tasks[task].command as string).split(" ");
  if (deno !== "deno") throw new Error(`deno.json: the task ${task} does not begin with deno`);
  return args.map((arg) => arg.replace(/^(--lock=)?(?=deno\.lock$|tasks\/)/, `$1${ROOT}`));
}

/** Runs a task to its end. */
export async function runTask(
  task: string,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<Outcome> {
  const { code, stdout, stderr } = await startTask(task, args, env).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a task that must end well. */
export async function succeed(task: string, ...args: string[]): Promise<Outcome> {
  const outcome = await runTask(task, args);
  assertEquals(outcome.code, 0, `${task} ${args.join(" ")}\n${outcome.stderr}`);
  return outcome;
}

/** Runs `run-lottery`, which must end well. */
export function runLottery(...args: string[]): Promise<Outcome> {
  return succeed("run-lottery", ...args);
}

/** Flags of an experiment that takes a second: a small network, three levels of 60 iterations. */
const SHORT = [
  "--validation-size=500",
  "--layers=40,20",
  "--training-len=60",
  "--iterations=2",
  "--test-interval=30",
  "--validate-interval=30",
];

/** `SHORT` with some flags replaced, or added. */
export function short(...changes: string[]): string[] {
  return withChanges(SHORT, changes);
}

/** Flags written `--name=value`, with those replaced that `changes` has too. */
export function withChanges(flags: readonly string[], changes: readonly string[]): string[] {
  const name = (flag: string) => flag.split("=")[0];
  const changed = new Set(changes.map(name));
  return [...flags.filter((flag) => !changed.has(name(flag))), ...changes];
}

/** The files under a folder: content as text with one character per byte, by relative path. */
export type Tree = Map<string, string>;

/** Reads a folder; empty if there is none. Half-written files count only if asked for. */
export async function readTree(folder: string, isWhole = false): Promise<Tree> {
  const tree: Tree = new Map();
  const read = async (below: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
      const path = below + name;
      if (isDirectory) await read(`${path}/`);
      else if (isWhole || !name.endsWith(".tmp")) {
        tree.set(path, latin1(await Deno.readFile(`${folder}/${path}`)));
      }
    }
  };
  await read("").catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  return new Map([...tree].sort(([a], [b]) => a < b ? -1 : 1));
}

const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

/** The part of a tree whose paths match. */
export function part(tree: Tree, pattern: RegExp): Tree {
  return new Map([...tree].filter(([path]) => pattern.test(path)));
}

/** Asserts that two trees have the same files with the same bytes. */
export function assertSameTree(actual: Tree, expected: Tree): void {
  assertEquals([...actual.keys()], [...expected.keys()]);
  const different = [...expected.keys()].filter((path) => actual.get(path) !== expected.get(path));
  assertEquals(different, []);
}

/** Paths in a folder that is removed after use. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
