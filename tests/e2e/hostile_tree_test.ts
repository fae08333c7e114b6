/**
 * Folders that are not to be trusted: pipes, devices, texts that would move the cursor; a stderr
 * that is full.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import { runLottery, runTask } from "../../tasks/lib/task_process.ts";
import { Workplace } from "./workplace.ts";

let place: Workplace, run: string;

Deno.test.beforeAll(async () => {
  place = await Workplace.make();
  run = `${place.folder}/done/trial1/1/same_init`;
});

Deno.test.afterAll(() => place.remove());

/** A run.json whose seal is right, whatever it says. */
async function seal(record: Record<string, unknown>): Promise<string> {
  const { sha256: _, ...rest } = record;
  const digest = await sha256Hex(new TextEncoder().encode(JSON.stringify(rest)));
  return JSON.stringify({ ...rest, sha256: digest }, null, 2) + "\n";
}

Deno.test("verify ends and names all, and the training command mends it: a pipe, a folder, a device", async () => {
  const replaced = ["final/layer0.npy", "metrics.json", "masks/layer1.npy"].map((f) =>
    `${run}/${f}`
  );
  for (const path of replaced) await Deno.remove(path);
  assertEquals(
    (await new Deno.Command("/usr/bin/env", { args: ["mkfifo", replaced[0]] }).output()).code,
    0,
  );
  await Deno.mkdir(replaced[1]);
  await Deno.symlink("/dev/zero", replaced[2]);
  const found = await runTask("verify", [`${place.folder}/done`]);
  assertEquals(found.code, 1);
  for (const path of replaced) {
    assert(found.stdout.includes(`${run}  ${path} cannot be read (it is`), found.stdout);
  }
  assertMatch(found.stdout, /\n3 runs: 2 whole, 1 damaged, 0 unfinished\n$/);
  for (const args of [["report"], ["export"]]) {
    const target = args[0] === "export" ? run : `${place.folder}/done`;
    const { stderr } = await runTask(args[0], [target]);
    assert(!stderr.includes("internal"), stderr);
  }
  const mended = await runLottery(...place.again());
  assertMatch(
    mended.stderr,
    /cannot be read \([^)]*\): the run is trained again; the old files are kept in/,
  );
  const after = await runTask("verify", [`${place.folder}/done`]);
  assertEquals(after.code, 0, after.stderr);
  assertMatch(
    after.stdout,
    /same_init\.aside1 {2}is kept aside, [^\n]*cannot be read[^\n]*\n3 runs: 3 whole/,
  );
});

Deno.test("texts of a hostile run.json are shown, and do nothing to the terminal", async () => {
  const record = JSON.parse(await Deno.readTextFile(`${run}/run.json`));
  const evil = `${place.folder}/evil/trial1/0/same_init`, escape = "\x1b]0;owned\x07\x9b2J";
  await Deno.mkdir(evil, { recursive: true });
  const outputs = [];
  for (
    const changes of [
      { files: { [`${escape}.npy`]: "0" } },
      { files: { "final/x\u202e.npy": "0" } },
      { format: escape },
      { id: { ...record.id, kind: escape } },
      { dataset: { ...record.dataset, name: escape } },
      { adapter: { name: escape } },
    ]
  ) {
    await Deno.writeTextFile(`${evil}/run.json`, await seal({ ...record, ...changes }));
    for (const args of [["verify"], ["verify", "--json"], ["report"], ["export"]]) {
      const folder = args[0] === "export" ? evil : `${place.folder}/evil`;
      outputs.push(await runTask(args[0], [folder, ...args.slice(1)]));
    }
  }
  for (const { stdout, stderr } of outputs) {
    assertMatch(stdout + stderr, /^(?:[^\p{Cc}\u202e]|\n)+$/u);
    assert(!stderr.includes("internal"), stderr);
  }
});

Deno.test("a stderr that cannot be written ends no training", async () => {
  const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
  const { code, stdout } = await new Deno.Command("/usr/bin/env", {
    args: [
      "bash",
      "-c",
      'exec "$0" task --quiet --config "$1" run-lottery "${@:2}" 2>/dev/full',
      Deno.execPath(),
      config,
      ...place.elsewhere(),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0);
  assertMatch(new TextDecoder().decode(stdout), /\nChart: \S+\/new\/accuracy\.svg\n$/);
});
