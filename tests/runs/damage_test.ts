/**
 * Damage to every file of a finished experiment, one at a time: `verify` names run and file, and
 * the same command trains just that run again, to the same bits, after moving what was there aside.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError, NotFoundError } from "../../src/errors.ts";
import { Gpu } from "../../src/engine/mod.ts";
import { encodeRecord } from "../../src/records/record.ts";
import { verify } from "../../src/runs/verify.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  copyOf,
  EXPERIMENT,
  readFiles,
  RememberingQueue,
  runSmallControls,
  runSmallLottery,
} from "../lottery/small_lottery.ts";
import { readRecord } from "../../src/records/condition.ts";

const gpu = await openTestGpu();
const queue = new RememberingQueue(gpu, { checkpointInterval: { iterations: 10 } });
globalThis.addEventListener("unload", () => queue.destroy());

const done = new MemoryStorage();
await runSmallLottery(done, queue);
await runSmallControls(done, queue);
const expected = await readFiles(done, EXPERIMENT);
const runOf = (path: string) => path.match(/^experiment\/trial1\/\d\/\w+/)![0];

const DAMAGES: [name: string, damage: (bytes: Uint8Array, path: string) => Uint8Array | null][] = [
  ["cut short", (bytes) => bytes.slice(0, -1)],
  ["one bit flipped", (bytes, path) => {
    const changed = bytes.slice();
    // Some place that depends on the file.
    const at = [...path].reduce((hash, letter) => (31 * hash + letter.charCodeAt(0)) >>> 0, 7);
    changed[at % bytes.length] ^= 1 << at % 8;
    return changed;
  }],
  ["emptied", () => new Uint8Array()],
  ["deleted", () => null],
];

async function damaged(path: string, damage: typeof DAMAGES[number][1]): Promise<MemoryStorage> {
  const storage = await copyOf(done, EXPERIMENT);
  const bytes = damage(await storage.read(path), path);
  if (bytes === null) await storage.remove(path);
  else await storage.write(path, bytes);
  return storage;
}

for (const [name, damage] of DAMAGES) {
  Deno.test(`every file ${name}`, async () => {
    for (const path of expected.keys()) {
      const storage = await damaged(path, damage), before = await readFiles(storage, EXPERIMENT);
      const run = runOf(path);
      const { runs } = await verify(storage, EXPERIMENT);
      assertEquals(
        runs.filter(({ state }) => state !== "finished").map(({ folder, faults }) => [
          folder,
          faults.map((fault) => fault.path),
        ]),
        [[run, [path]]],
        path,
      );
      const notices: string[] = [];
      const onNotice = (line: string) => notices.push(line);
      await runSmallLottery(storage, queue, { onNotice });
      await runSmallControls(storage, queue, { onNotice });
      assertEquals(notices.length, 1, `${path}: ${notices}`);
      assert(notices[0].startsWith(path), notices[0]);
      const after = await readFiles(storage, EXPERIMENT);
      const aside = [...after].filter(([file]) => file.startsWith(`${run}.aside1/`));
      // All that was there is still there, only elsewhere.
      assertEquals(
        aside.map(([file, content]) => [file.replace(".aside1", ""), content]),
        [...before].filter(([file]) => file.startsWith(`${run}/`)),
        path,
      );
      for (const [file] of aside) after.delete(file);
      assertEquals(after, expected, path);
      assertEquals((await verify(storage, EXPERIMENT)).runs.length, 5);
    }
  });
}

Deno.test("a second damage goes to a second folder", async () => {
  const path = `${EXPERIMENT}/trial1/0/same_init/train.log`;
  const storage = await damaged(path, () => null);
  await runSmallLottery(storage, queue);
  await storage.remove(path);
  await runSmallLottery(storage, queue);
  assertEquals((await storage.list(`${EXPERIMENT}/trial1/0`)).map(({ name }) => name), [
    "reinit2",
    "same_init",
    "same_init.aside1",
    "same_init.aside2",
  ]);
});

Deno.test("tickets that no longer follow from the level before are trained again", async () => {
  const other = new MemoryStorage(), storage = await copyOf(done, EXPERIMENT);
  const from = `${EXPERIMENT}/trial1/1/same_init`;
  await runSmallLottery(other, queue, { seed: 5 });
  // Level 1 of another seed, with a record that says otherwise: as if level 0 had come out
  // differently.
  const notices: string[] = [];
  const record = JSON.parse(new TextDecoder().decode(await other.read(`${from}/run.json`)));
  record.training.seed = 0;
  delete record.sha256;
  const files = new Map<string, Uint8Array>();
  for (const file of Object.keys(record.files)) {
    files.set(file, await other.read(`${from}/${file}`));
    await storage.write(`${from}/${file}`, files.get(file)!);
  }
  delete record.files;
  await storage.write(`${from}/run.json`, await encodeRecord(record, files));
  await runSmallLottery(storage, queue, { onNotice: (line) => notices.push(line) });
  assertEquals(notices, [
    `${from} does not follow from the level before: the run is trained again; the old files are kept ` +
    `in ${from}.aside1`,
  ]);
  const after = await readFiles(storage, from);
  assertEquals(after, await readFiles(done, from));
});

Deno.test("a file that is not the run's is named", async () => {
  const storage = await copyOf(done, EXPERIMENT), run = `${EXPERIMENT}/trial1/0/same_init`;
  await storage.write(`${run}/final/layer7.npy`, await storage.read(`${run}/final/layer0.npy`));
  const { runs } = await verify(storage, run);
  assertEquals(runs[0].faults, [{
    path: `${run}/final/layer7.npy`,
    fault: "is no file of this run",
  }]);
});

Deno.test("unfinished runs are no damage; a folder without runs is an error", async () => {
  const storage = await copyOf(done, EXPERIMENT), run = `${EXPERIMENT}/trial1/1/same_init`;
  await storage.remove(`${run}/run.json`);
  await storage.write(`${run}/.unfinished`, new Uint8Array());
  const { runs } = await verify(storage, EXPERIMENT);
  assertEquals(runs.filter(({ state }) => state === "unfinished").map(({ folder }) => folder), [
    run,
  ]);
  await assertRejects(() => verify(storage, "nowhere"), NotFoundError, "nowhere does not exist");
  await assertRejects(() => verify(storage, `${run}/final`), NotFoundError, "final holds no run");
});

Deno.test("--no-resume refuses what is there, finished, interrupted or damaged", async () => {
  const policy = { overwrite: false, resume: false };
  const refuse = (storage: MemoryStorage) =>
    assertRejects(
      () => runSmallLottery(storage, queue, { policy }),
      InputError,
      "trial1/0/same_init holds this run already, finished or not; leave out --no-resume",
    );
  await refuse(await copyOf(done, EXPERIMENT));
  await refuse(await damaged(`${EXPERIMENT}/trial1/0/same_init/run.json`, () => null));
  const fresh = new MemoryStorage();
  await runSmallLottery(fresh, queue, { policy });
  assertEquals((await verify(fresh, EXPERIMENT)).runs.length, 3);
});

Deno.test("runs of another adapter are found, with a notice; each record says on which it was trained", async () => {
  const storage = await copyOf(done, EXPERIMENT), control = `${EXPERIMENT}/trial1/1/reinit1`;
  await storage.remove(control);
  const notices: string[] = [];
  const other = new Gpu(gpu.device, { ...gpu.adapter, name: "another driver" });
  const onNotice = (line: string) => notices.push(line);
  const otherQueue = new RememberingQueue(other);
  await runSmallLottery(storage, otherQueue, { onNotice });
  await otherQueue.destroy();
  assertEquals(notices, [
    `2 of the 2 finished runs were trained on "${gpu.adapter.name}", the others will be on ` +
    `"another driver": each run.json says on which; their last bits are not comparable`,
  ]);
  const { adapter } = (await readRecord(storage, control))!;
  assertEquals((adapter as { name: string }).name, "another driver");
});
