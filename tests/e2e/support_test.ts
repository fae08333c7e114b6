import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { jsonText, onOneLine, visible } from "../../tasks/lib/terminal.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface RunOptions {
  env?: Record<string, string>;
  permissions?: string[];
}

function command(args: string[], { env = {}, permissions = [] }: RunOptions = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-env", "--allow-sys=uid"].concat(
      "--allow-read",
      permissions,
      "tests/e2e/support_task.ts",
      args,
    ),
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(args: string[], options?: RunOptions) {
  const { code, stdout, stderr } = await command(args, options).output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("a task that ends well exits 0; notices go to stderr, and --quiet silences them", async () => {
  assertEquals(await run(["--seed", "3"]), { code: 0, stdout: "", stderr: "seed 3\n" });
  assertEquals(await run(["--seed", "3", "--quiet"]), { code: 0, stdout: "", stderr: "" });
});

Deno.test("--help prints the flags on stdout and exits 0, whatever else is given", async () => {
  for (const args of [["--help"], ["-h"], ["--sed", "--help"]]) {
    const { code, stdout, stderr } = await run(args);
    assertEquals([code, stderr], [0, ""]);
    for (
      const part of [
        "Usage: deno task example",
        "--seed N",
        "--debug",
        "deno task example --seed 3",
      ]
    ) {
      assertStringIncludes(stdout, part);
    }
  }
});

Deno.test("bad usage exits 2 with one line", async () => {
  assertEquals(await run(["--sed", "3"]), {
    code: 2,
    stdout: "",
    stderr: 'error: unknown flag "--sed"; the nearest is --seed (--help lists all)\n',
  });
  const { code, stderr } = await run(["--do=usage", "--quiet"]);
  assertEquals([code, stderr], [2, "error: the flags do not fit together\n"]);
});

Deno.test("a user's error exits 1 with one line, and a stack with --debug alone", async () => {
  const plain = await run(["--do=input", "--quiet"]);
  assertEquals(plain, { code: 1, stdout: "", stderr: "error: masks/layer0.npy: 3 rows, not 4\n" });
  const debug = await run(["--do=input", "--quiet", "--debug"]);
  assertEquals(debug.code, 1);
  assertMatch(debug.stderr, /^error: masks[^\n]*\nInputError: [\s\S]*support_task\.ts/);
});

Deno.test("a bug exits 1 with one line that tells how to see more", async () => {
  const { code, stderr } = await run(["--do=bug", "--quiet"]);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    "error: internal: x is undefined (run again with --debug for the stack)\n",
  );
  assertStringIncludes((await run(["--do=bug", "--debug"])).stderr, "    at ");
});

Deno.test("a rejection that no one awaits ends the task like any error", async () => {
  const { code, stderr } = await run(["--do=late", "--quiet"]);
  assertEquals([code, stderr], [1, "error: thrown where no one waits\n"]);
});

Deno.test("ctrl-C exits 130 with one line", async () => {
  const child = command(["--do=wait", "--quiet"]).spawn();
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  assertEquals(await stderr, "interrupted\n");
  await reader.cancel();
});

Deno.test("the first ctrl-C saves, however it comes; one after a second stops at once", async () => {
  const child = command(["--do=save", "--quiet"]).spawn();
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader.read()).value, "working\n");
  child.kill("SIGINT");
  assertEquals((await reader.read()).value, "saving\n");
  // A terminal gives ctrl-C to a whole process group, and `deno task` hands on what it gets.
  child.kill("SIGINT");
  const ended = await Promise.race([
    child.status.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1300)),
  ]);
  assertEquals(ended, false, "the same ctrl-C on another way");
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  assertEquals(await stderr, "interrupted\n");
  await reader.cancel();
});

for (const signal of ["SIGTERM", "SIGHUP", "SIGXCPU"] as const) {
  Deno.test(`${signal}, too, lets a task save first`, async () => {
    const child = command(["--do=save", "--quiet"]).spawn();
    const stderr = new Response(child.stderr).text();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "working\n");
    child.kill(signal);
    assertEquals((await reader.read()).value, "saving\n");
    child.kill("SIGKILL");
    assertEquals(await stderr, "");
    await reader.cancel();
  });
}

Deno.test("a stderr that cannot be written changes neither what a task does nor its exit code", async () => {
  for (const [args, code] of [["--seed=3", 0], ["--do=input", 1]] as const) {
    const shell = new Deno.Command("/usr/bin/env", {
      args: [
        "sh",
        "-c",
        'exec "$0" run --quiet --no-prompt --allow-env --allow-sys=uid --allow-read ' +
        'tests/e2e/support_task.ts "$1" 2>/dev/full',
        Deno.execPath(),
        args,
      ],
      cwd: root,
    });
    const outcome = await shell.output();
    assertEquals([outcome.code, decode(outcome.stdout)], [code, ""]);
  }
});

Deno.test("what is shown moves no cursor and ends no line", () => {
  const hostile = "a\x1b[2J\x9b31mb\rc\u202ed\u2028e\x07";
  assertEquals(visible(`${hostile}\tf\n`), "a\ufffd[2J\ufffd31mb\ufffdc\ufffdd\ufffde\ufffd\tf\n");
  assertEquals(onOneLine(`x\r\n y${hostile}`), "x ya [2J 31mb c\ufffdd\ufffde");
  const json = jsonText({ [hostile]: hostile });
  assertEquals(JSON.parse(json), { [hostile]: hostile });
  assertMatch(json, /^[\n -~]+$/);
});

Deno.test("a reader of stdout that goes away does not disturb a task", async () => {
  const child = command(["--do=print", "--quiet"]).spawn();
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals((await child.status).code, 0);
  assertEquals(await stderr, "");
});

Deno.test("looking for an adapter prints nothing, without XDG_RUNTIME_DIR too", async () => {
  const child = new Deno.Command("/usr/bin/env", {
    args: ["-u", "XDG_RUNTIME_DIR", Deno.execPath(), "run", "--quiet", "--allow-env"].concat(
      "--allow-read",
      "tests/e2e/support_task.ts",
      "--do=device",
      "--quiet",
    ),
    cwd: root,
  });
  const { code, stdout, stderr } = await child.output();
  assertEquals([code, decode(stdout), decode(stderr)], [0, "", ""]);
});

/** A folder with stand-ins for programs; runs `body` with it as the only PATH but the system's. */
async function withPrograms(
  programs: Record<string, string>,
  body: (options: RunOptions, log: () => Promise<string>) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const env = {
      PATH: programs.deno ? `${folder}:/usr/bin:/bin` : folder,
      LOG: `${folder}/log`,
      // The Vulkan loader then finds no driver.
      VK_DRIVER_FILES: "/nonexistent",
      VK_ICD_FILENAMES: "/nonexistent",
    };
    const permissions = ["--allow-run=apt-get,deno"];
    await body({ env, permissions }, () => Deno.readTextFile(`${folder}/log`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const LOG_ARGUMENTS = 'echo "$0 $*" | sed "s/.*apt-get/apt-get/; s/-o [^ ]* //g" >> "$LOG"';
const INSTALL = "install -y --no-install-recommends mesa-vulkan-drivers libvulkan1";

/** Drivers are installed on Debian and its relatives, as root; elsewhere there is only advice. */
async function mayInstall(): Promise<boolean> {
  const isDebian = await Deno.stat("/etc/debian_version").then(() => true, () => false);
  return isDebian && Deno.uid() === 0;
}

Deno.test("no adapter, no right to install one: the command to run, exit 1", async () => {
  await withPrograms({}, async ({ env }) => {
    const { code, stdout, stderr } = await run(["--do=adapter", "--quiet"], { env });
    assertEquals([code, stdout], [1, ""]);
    assertMatch(
      stderr,
      /^error: no WebGPU adapter was found; [^\n]*then run the same command again\n$/,
    );
  });
});

Deno.test("no adapter: the driver is installed and the task runs again", async () => {
  const aptGet = `${LOG_ARGUMENTS}
    case "$*" in *install*) [ "$(wc -l < "$LOG")" -gt 1 ] || { echo "E: no package" >&2; exit 100; };; esac`;
  const deno = 'echo "deno $*; $LOTTERY_DRIVER_INSTALLED"; exit 7';
  await withPrograms({ "apt-get": aptGet, deno }, async (options, log) => {
    const { code, stdout, stderr } = await run(["--do=adapter", "--seed", "3"], options);
    if (!await mayInstall()) return assertStringIncludes(stderr, "no WebGPU adapter was found;");
    assertEquals(code, 7);
    assertEquals(await log(), `apt-get ${INSTALL}\napt-get update\napt-get ${INSTALL}\n`);
    assertStringIncludes(stderr, `apt-get ${INSTALL}`);
    assertMatch(
      stdout,
      /^again\ndeno task --quiet --config \S*deno\.json --cwd \S+ example --do=adapter --seed 3; 1\n$/,
    );
  });
});

Deno.test("no adapter: a driver that cannot be installed, or a task that cannot be run again, exits 1", async () => {
  const expected = await mayInstall();
  const broken = 'echo "E: no network" >&2; exit 100';
  await withPrograms({ "apt-get": broken, deno: "exit 0" }, async (options) => {
    const { code, stderr } = await run(["--do=adapter"], options);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "error: no WebGPU adapter was found");
    assertEquals(stderr.includes("(E: no network); run `apt-get update && apt-get"), expected);
  });
  await withPrograms({ "apt-get": "exit 0" }, async (options) => {
    const { code, stderr } = await run(["--do=adapter"], options);
    assertEquals(code, 1);
    assertEquals(stderr.includes("error: the driver is installed; run the same"), expected);
  });
});

Deno.test("no adapter although the driver was installed: exit 1, no third process", async () => {
  await withPrograms({ "apt-get": "exit 0", deno: "exit 7" }, async ({ env, permissions }) => {
    const again = { env: { ...env, LOTTERY_DRIVER_INSTALLED: "1" }, permissions };
    const { code, stderr } = await run(["--do=adapter", "--quiet"], again);
    assertEquals(code, 1);
    assertMatch(stderr, /^error: no WebGPU adapter was found, although [^\n]*\n$/);
  });
});
