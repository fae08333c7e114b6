/** Holds the README to the truth: its program runs, and its commands are tasks. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const [README, LIBRARY] = await Promise.all(
  ["README.md", "src/README.md"].map((path) => Deno.readTextFile(`${ROOT}${path}`)),
);

/** The fenced blocks of a language. */
const blocks = (text: string, language: string) =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language).map((match) => match[2]);

Deno.test("the library's example: own dataset, own model, own pruning rule", async () => {
  const programs = blocks(LIBRARY, "ts");
  assertEquals(programs.length, 1);
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/example.ts`, programs[0]);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "-A", `--config=${ROOT}deno.json`, `${folder}/example.ts`],
      env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(code, 0, decode(stderr));
    const lines = decode(stdout).trimEnd().split("\n");
    assertEquals(lines.length, 5);
    lines.forEach((line, level) => {
      const match = /^(\d+\.\d)% of the weights: accuracy (0\.\d+|1)$/.exec(line);
      assert(match, line);
      // A third goes each time: of 2*40 + 40*40 + 40*20 + 20*2 = 2,520 weights.
      const remaining = 100 * (2 / 3) ** level;
      assert(Math.abs(Number(match[1]) - remaining) < 0.2, `${line}, ${remaining} expected`);
      // Half of the points have each label.
      assert(Number(match[2]) > 0.8, line);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the README's commands are tasks of deno.json, and every task is described", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const named = new Set(
    [...README.matchAll(/\bdeno(?:@[\d.]+)? task ([a-z-]+)/g)].map((m) => m[1]),
  );
  for (const name of named) assert(name in tasks, `deno task ${name} is not in deno.json`);
  for (const name of Object.keys(tasks)) {
    assertMatch(README, new RegExp(`deno(@[\\d.]+)? task ${name}\\b`));
  }
});
