/**
 * NumPy for tests: finds a Python that has it and runs scripts with it. Without one the tests that
 * need it fail, saying what to install.
 */

/** Names under which a Python that has NumPy is looked for. */
export const PYTHONS = ["python3", "/usr/bin/python3", "python"];

let found: Promise<string> | undefined;

async function findPython(): Promise<string> {
  for (const candidate of PYTHONS) {
    try {
      const { success } = await new Deno.Command(candidate, {
        args: ["-c", "import numpy"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return candidate;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(
    `no Python with NumPy (looked for ${PYTHONS.join(", ")}); install python3-numpy`,
  );
}

/** A Python interpreter that can import NumPy; rejects with what to do if there is none. */
export function numpyPython(): Promise<string> {
  return found ??= findPython();
}

/** Runs a Python script, with `sys.argv[1:]` set to `args`; gives what it prints. */
export async function runNumpy(script: string, args: string[] = []): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(await numpyPython(), {
    args: ["-c", script, ...args],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`the NumPy script failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
