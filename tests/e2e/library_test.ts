/** A script of the library's user, in a process of its own. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { withFolder } from "./cli.ts";

const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

const SCRIPT = `import { openGpu } from "lottery-tickets";
const gpu = await openGpu();
console.log(gpu.adapter.name);
gpu.destroy();
`;

/** Runs the script where XDG_RUNTIME_DIR is not set, as in a container. */
async function runScript(folder: string, permissions: readonly string[]) {
  await Deno.writeTextFile(`${folder}/script.ts`, SCRIPT);
  const { code, stdout, stderr } = await new Deno.Command("/usr/bin/env", {
    args: [
      ...["-u", "XDG_RUNTIME_DIR", Deno.execPath(), "run", "--quiet", "--no-prompt"],
      ...[...permissions, `--config=${CONFIG}`, `${folder}/script.ts`],
    ],
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("openGpu prints nothing, where no runtime folder is set too", () =>
  withFolder(async (folder) => {
    for (const permission of ["-A", "--allow-env=XDG_RUNTIME_DIR,DENO_WEBGPU_BACKEND"]) {
      const { code, stdout, stderr } = await runScript(folder, [permission]);
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /^\S.*\n$/);
    }
  }));

Deno.test("openGpu needs no permission: without that for the environment, the driver may complain", () =>
  withFolder(async (folder) => {
    const { code, stdout, stderr } = await runScript(folder, []);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^\S.*\n$/);
    // What is left is the driver's own complaint.
    assert(stderr.split("\n").every((line) => line === "" || /XDG_RUNTIME_DIR/.test(line)), stderr);
  }));
