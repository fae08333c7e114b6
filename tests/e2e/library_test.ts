/** A script of the library's user, in a process of its own. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { withFolder } from "../../tasks/lib/task_process.ts";

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
    // The rest is the driver's own complaint.
    assert(stderr.split("\n").every((line) => line === "" || /XDG_RUNTIME_DIR/.test(line)), stderr);
  }));

/** Runs a program of a project that has no deno.json and imports these sources by path. */
async function runElsewhere(name: string, program: string): Promise<string> {
  // Once, types and all: that takes ten seconds.
  const check = name === "script.ts" ? ["--check"] : [];
  return await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/${name}`, program);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...check, "--allow-env", name],
      cwd: folder,
      env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(code, 0, decode(stderr));
    return decode(stdout);
  });
}

const SOURCES = CONFIG.replace(/deno\.json$/, "src");
const PROGRAM = `
const gpu = await openGpu();
const mask = { shape: [1, 4], data: Float32Array.of(1, 1, 1, 1) };
const weights = { shape: [1, 4], data: Float32Array.of(-4, 1, 2, -3) };
const masks = await pruneByPercent(gpu, { layer0: 0.5 }, { layer0: mask }, { layer0: weights });
console.log(density(masks).percent, ...masks.layer0.data);
gpu.destroy();
`;

Deno.test("a project in another folder imports the library by path, in TypeScript and in JavaScript", async () => {
  const names = "density, openGpu, pruneByPercent";
  const imports = `import { ${names} } from ${JSON.stringify(`${SOURCES}/mod.ts`)};\n`;
  for (const name of ["script.ts", "script.js"]) {
    assertEquals(await runElsewhere(name, imports + PROGRAM), "50 1 0 0 1\n", name);
  }
});

Deno.test("and the engine alone", async () => {
  const engine = JSON.stringify(`${SOURCES}/engine/mod.ts`);
  const program = `import { openGpu, pruneSmallest } from ${engine};
const gpu = await openGpu();
const job = { weights: Float32Array.of(3, -1, 2), mask: Float32Array.of(1, 1, 1), prune: 1 };
console.log(...(await pruneSmallest(gpu, [job]))[0]);
gpu.destroy();
`;
  assertEquals(await runElsewhere("engine.ts", program), "1 0 1\n");
});
