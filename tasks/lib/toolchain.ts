/**
 * Deno's own tools as the browser tests use them: bundling for the browser and type-checking
 * against the browser's libraries. Each runs in a child process.
 */

import { fromFileUrl, join, toFileUrl } from "@std/path";
import { LotteryError } from "../../src/errors.ts";
import { makeTemporaryFolder } from "../../src/storage/deno.ts";

/** The project's folder. */
export const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** deno.json names no lock file: with one, `deno task` would download the tests' packages. */
export const LOCK = "--lock=deno.lock";

/** TypeScript's libraries in a browser: no Deno, no Node. */
const BROWSER_LIBRARIES = {
  lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
  types: ["@webgpu/types"],
};

/** Modules of src/ that are Deno's alone, or for tasks and tests. */
const NOT_FOR_BROWSERS = /^src\/(std\/|storage\/deno(_\w+)?\.ts$)/;

/** The outcome of a child process. */
export interface ToolResult {
  success: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Runs Deno in the project's folder.
 *
 * @throws LotteryError if there is no `deno` on PATH
 */
export async function runDeno(args: string[]): Promise<ToolResult> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output().catch((error) => {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) {
      throw error;
    }
    throw new LotteryError("this starts `deno`, which is not on PATH: add its folder to PATH");
  });
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The modules of src/, as paths from the project's folder. */
export function sourceModules(folder = "src"): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return sourceModules(path);
    return name.endsWith(".ts") ? [path] : [];
  }).sort();
}

/** Those of `sourceModules` that must work in a browser. */
export function browserModules(): string[] {
  return sourceModules().filter((path) => !NOT_FOR_BROWSERS.test(path));
}

/** Text of a module that exports everything that the modules export. */
export function entryText(modules: string[]): string {
  return modules.map((path, i) => `export * as m${i} from "${toFileUrl(join(ROOT, path))}";\n`)
    .join("");
}

/** Calls `use` with the path of a temporary file that holds `text`. */
export async function withFile<T>(
  name: string,
  text: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await makeTemporaryFolder();
  try {
    const path = join(folder, name);
    await Deno.writeTextFile(path, text);
    return await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The content of deno.json, with the names that modules import, for a copy of it elsewhere. */
export async function projectConfig() {
  const { importMap, ...config } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const map = new URL(importMap, toFileUrl(ROOT));
  const { imports } = JSON.parse(await Deno.readTextFile(map));
  const absolute = Object.entries<string>(imports).map(([name, target]) => [
    name,
    target.startsWith("./") ? `${new URL(target, map)}` : target,
  ]);
  return { ...config, imports: Object.fromEntries(absolute) };
}

/** Type-checks modules against the browser's libraries, in all else by deno.json. */
export async function checkForBrowser(modules: string[]): Promise<ToolResult> {
  const config = await projectConfig();
  const text = JSON.stringify({
    ...config,
    compilerOptions: { ...config.compilerOptions, ...BROWSER_LIBRARIES },
  });
  return await withFile(
    "deno.json",
    text,
    async (path) => {
      // With another configuration, Deno would note the package itself in deno.lock.
      const lock = `${path}.lock`;
      await Deno.copyFile(join(ROOT, "deno.lock"), lock);
      return await runDeno(["check", "--quiet", `--config=${path}`, `--lock=${lock}`, ...modules]);
    },
  );
}

/** The one file of JavaScript that a browser would load for an entry module. */
export async function bundle(entry: string, config = "deno.json"): Promise<string> {
  const lock = config === "deno.json" ? LOCK : "--no-lock";
  const args = ["bundle", "--quiet", `--config=${config}`, lock, "--platform=browser", entry];
  const { success, stdout, stderr } = await runDeno(args);
  if (!success) throw new Error(`${entry} cannot be bundled: ${stderr}`);
  return stdout;
}
