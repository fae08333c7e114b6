/**
 * NumPy for tests: finds a Python that has it and runs scripts with it. Without one the tests that
 * need it fail, saying what to install.
 */

import { once } from "../src/memo.ts";

/** Names under which a Python that has NumPy is looked for. */
export const PYTHONS = ["python3", "/usr/bin/python3", "python"];

const hasNumpy = (python: string) => canImport(python, "numpy");

/** The interpreters among PYTHONS that can import these modules, such as "numpy, torch". */
export async function pythonsWith(modules: string): Promise<string[]> {
  const able = await Promise.all(PYTHONS.map((python) => canImport(python, modules)));
  return PYTHONS.filter((_, i) => able[i]);
}

async function canImport(python: string, modules: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(python, {
      args: ["-c", `import ${modules}`],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    // Of a program that was not there at its start, Deno does not know that it may be run.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return false;
    }
    throw error;
  }
}

/** Returns a function that finds the first interpreter of these names that has NumPy, once. */
export function pythonFinder(has: (python: string) => Promise<boolean>): () => Promise<string> {
  return once(async () => {
    for (const python of PYTHONS) if (await has(python)) return python;
    throw new Error(
      `no Python with NumPy (looked for ${PYTHONS.join(", ")}); install python3-numpy`,
    );
  });
}

/** A Python interpreter that can import NumPy; rejects with what to do if there is none. */
export const numpyPython = pythonFinder(hasNumpy);

/** Runs a Python script, with `sys.argv[1:]` set to `args`; gives what it prints. */
export async function runNumpy(script: string, args: string[] = []): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(await numpyPython(), {
    args: ["-c", script, ...args],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`the NumPy script failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
