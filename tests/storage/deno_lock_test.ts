/** The locks of `DenoStorage` between processes, and where the system gives none. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LockedError, StorageError } from "../../src/errors.ts";
import { DenoStorage } from "../../src/storage/deno.ts";

async function makePlace() {
  const root = await Deno.makeTempDir();
  return {
    storage: new DenoStorage(),
    root,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

function allNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

const HOLDER = { pid: 77, host: "lab", since: "2026-11-23T20:15:03Z", command: "test" };

/** A process that holds the lock `.lock` of a folder and waits. */
async function startHolder(folder: string) {
  const module = import.meta.resolve("../../src/storage/deno.ts");
  const script = `${folder}/holder.ts`;
  await Deno.writeTextFile(
    script,
    `import { DenoStorage } from "${module}";
    const since = new Date().toISOString();
    await new DenoStorage().lock(".lock", { pid: Deno.pid, host: "lab", since, command: "hold" });
    console.log("held");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`,
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-config", "--allow-read=.", "--allow-write=.", script],
    cwd: folder,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "held\n");
  return {
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("DenoStorage: a lock is refused while its process lives, and free once it is killed", async () => {
  await using place = await makePlace();
  const path = `${place.root}/.lock`;
  const child = await startHolder(place.root);
  try {
    const lock = () => place.storage.lock(path, HOLDER);
    const { message } = await assertRejects(
      lock,
      LockedError,
      `process ${child.pid} on host "lab"`,
    );
    assertStringIncludes(
      message,
      `(hold); wait for it to end, or stop it (kill ${child.pid}), then`,
    );
  } finally {
    await child.kill();
  }
  assertEquals(await place.storage.exists(path), true);
  const lock = await place.storage.lock(path, HOLDER);
  assertEquals(JSON.parse(await Deno.readTextFile(path)), HOLDER);
  await lock.release();
  assertEquals(allNames(place.root), ["holder.ts"]);
});

Deno.test("DenoStorage: a lock file that a reboot left behind is taken over", async () => {
  await using place = await makePlace();
  const path = `${place.root}/.lock`;
  // Longer than what replaces it, and of a process that lives.
  const stale = { ...HOLDER, pid: Deno.pid, command: "long ".repeat(100) };
  await Deno.writeTextFile(path, JSON.stringify(stale));
  const lock = await place.storage.lock(path, HOLDER);
  assertEquals(JSON.parse(await Deno.readTextFile(path)), HOLDER);
  await lock.release();
});

Deno.test("DenoStorage: a lock whose file says nothing of its holder is refused all the same", async () => {
  await using place = await makePlace();
  const path = `${place.root}/.lock`;
  using file = await Deno.open(path, { write: true, create: true });
  assertEquals(await file.tryLock(true), true);
  for (const text of ["", "{", "null", "x".repeat(200_000)]) {
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(() => place.storage.lock(path, HOLDER), LockedError);
    assertEquals(
      error.message,
      `${place.root} is in use by another process; wait for it to end, then run the same command ` +
        "again",
    );
  }
});

Deno.test("DenoStorage: a lock of a file that its last holder has just removed is worth nothing", async () => {
  await using place = await makePlace();
  const path = `${place.root}/.lock`;
  const { tryLock } = Deno.FsFile.prototype;
  let isFirst = true;
  Deno.FsFile.prototype.tryLock = async function (exclusive) {
    if (isFirst) await Deno.remove(path);
    isFirst = false;
    return await tryLock.call(this, exclusive);
  };
  try {
    const lock = await place.storage.lock(path, HOLDER);
    assertEquals(JSON.parse(await Deno.readTextFile(path)), HOLDER);
    await assertRejects(() => place.storage.lock(path, HOLDER), LockedError);
    await lock.release();
  } finally {
    Deno.FsFile.prototype.tryLock = tryLock;
  }
});

Deno.test("DenoStorage: a lock that cannot be written is given back", async () => {
  await using place = await makePlace();
  const path = `${place.root}/.lock`;
  const { truncate } = Deno.FsFile.prototype;
  try {
    const fault = Object.assign(new Error("No space left (os error 28)"), { code: "ENOSPC" });
    Deno.FsFile.prototype.truncate = () => Promise.reject(fault);
    await assertRejects(
      () => place.storage.lock(path, HOLDER),
      StorageError,
      `cannot lock ${path}: the disk is full`,
    );
  } finally {
    Deno.FsFile.prototype.truncate = truncate;
  }
  await (await place.storage.lock(path, HOLDER)).release();
});

Deno.test("DenoStorage: a sweep does not leave its folder through links", async () => {
  await using place = await makePlace();
  await using outside = await makePlace();
  const name = ".f.0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab.tmp";
  await Deno.writeTextFile(`${outside.root}/${name}`, "");
  await Deno.symlink(outside.root, `${place.root}/link`);
  await place.storage.sweep(place.root);
  assertEquals(allNames(outside.root), [name]);
});
