/** A refusal of the system ends in one line with the next action; it is no bug of the program. */

import { assertEquals, assertMatch } from "@std/assert";
import { StorageError } from "../../src/errors.ts";
import { portError, serveSite, type Site } from "../../tasks/lib/site.ts";
import { runTask, taskCommand, withFolder } from "../../tasks/lib/task_process.ts";

Deno.test("a folder for temporary files that does not exist", () =>
  withFolder(async (folder) => {
    const tasks = [
      ["web", "--build", `--output-dir=${folder}/web`],
      ["torture", "--kills=1"],
      ["soak", "--runs=10", "--iterations=10"],
      ["test", "tests/std"],
    ];
    for (const [task, ...args] of tasks) {
      const { code, stdout, stderr } = await runTask(task, args, { TMPDIR: `${folder}/none` });
      assertEquals([task, code, stdout], [task, 1, ""]);
      assertMatch(
        stderr.split("\n").at(-2)!,
        /^error: cannot make a temporary folder \([^\n]*\); set TMPDIR to a folder that exists/,
      );
    }
  }));

Deno.test("a stdout that cannot be written", async () => {
  for (const [task, args] of [["argfile", "lottery"], ["train", "--help"], ["fuzz", "--cases=1"]]) {
    const command = [Deno.execPath(), ...await taskCommand(task), args].join(" ");
    const { code, stderr } = await new Deno.Command("/usr/bin/env", {
      args: ["sh", "-c", `${command} > /dev/full`],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    assertEquals([task, code], [task, 1]);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^error: results cannot be written to stdout \([^\n]*\); send them elsewhere, [^\n]*\n$/,
    );
  }
});

const HTML = `<meta http-equiv="Content-Security-Policy" content="default-src 'self'">`;
const SITE: Site = new Map([["index.html", new TextEncoder().encode(HTML)]]);

Deno.test("a port that is taken, or not permitted", async () => {
  const server = await serveSite(SITE);
  const { port } = server.addr;
  try {
    const error = await serveSite(SITE, port).then(() => null, (error) => error);
    assertEquals(error instanceof StorageError, true, `${error}`);
    assertEquals(
      error.message,
      `port ${port} is taken: give another --port, or none for a free one`,
    );
  } finally {
    await server.shutdown();
  }
  assertMatch(
    (portError(new Deno.errors.PermissionDenied("no"), 80) as Error).message,
    /^port 80 is not permitted to this user: give another --port/,
  );
});

/** The status with which a server answers the head of a request, as it is sent. */
async function statusOf(port: number, head: string): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
  const answer = new Uint8Array(100);
  await connection.read(answer);
  return Number(/^HTTP\/1\.[01] (\d+)/.exec(new TextDecoder().decode(answer))?.[1]);
}

Deno.test("requests of any form: an answer to each, and none costs a stack trace", async () => {
  const server = await serveSite(SITE);
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (...args: unknown[]) => printed.push(args);
  try {
    const expected: Record<string, number> = {
      "GET / HTTP/1.1\r\nHost: localhost": 200,
      "HEAD / HTTP/1.1\r\nHost: localhost": 200,
      "GET /?x=%zz HTTP/1.1\r\nHost: localhost": 200,
      "GET / HTTP/1.1\r\nHost: [": 400,
      "GET / HTTP/1.1\r\nHost: a b": 400,
      "GET / HTTP/1.1\r\nHost: :x": 400,
      "GET //index.html HTTP/1.1\r\nHost: localhost": 404,
      "GET /%zz HTTP/1.1\r\nHost: localhost": 404,
      "GET /%00 HTTP/1.1\r\nHost: localhost": 404,
      "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost": 404,
      "GET /..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost": 404,
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0": 405,
      "OPTIONS * HTTP/1.1\r\nHost: localhost": 405,
      "nonsense": 400,
      [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(10000)}`]: 200,
    };
    const found: Record<string, number> = {};
    for (const head of Object.keys(expected)) {
      found[head] = await statusOf(server.addr.port, head);
    }
    assertEquals([found, printed], [expected, []]);
  } finally {
    console.error = error;
    await server.shutdown();
  }
});
