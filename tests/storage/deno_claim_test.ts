/** Locks between hosts: processes that the system's locks do not reach, with clocks that differ. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LockedError, StorageError } from "../../src/errors.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { lastClaim } from "../../src/storage/deno_claim_file.ts";
import type { LockHolder, StorageLock } from "../../src/storage/storage.ts";

/** Long enough for a loaded machine, whose processes wait for their turn. */
const TIMES = { beat: 200, stale: 2000 };

const holderOn = (host: string): LockHolder => ({
  pid: Deno.pid,
  host,
  since: "2026-11-23T20:15:03Z",
  command: "test",
});

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** As on NFS without a lock daemon: each host has the system's locks for itself. */
async function withoutSystemLocks<T>(
  folder: (root: string) => Promise<T>,
  tryLock: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<T> {
  const before = Deno.FsFile.prototype.tryLock, root = await Deno.makeTempDir();
  Deno.FsFile.prototype.tryLock = tryLock;
  try {
    return await folder(root);
  } finally {
    Deno.FsFile.prototype.tryLock = before;
    await Deno.remove(root, { recursive: true });
  }
}

/** A process on another host that has the lock of a folder. */
async function startHost(root: string, host: string, clockError = 0) {
  const script = new URL("host_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-config", "--allow-read", "--allow-write", script].concat(
      [root, host, clockError, TIMES.beat, TIMES.stale].map(String),
    ),
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await lines.read()).value, "held\n");
  return {
    pid: child.pid,
    signal: (name: Deno.Signal) => child.kill(name),
    /** What it says from now on, and its exit code. */
    async end(signal?: Deno.Signal): Promise<{ text: string; code: number }> {
      if (signal) child.kill(signal);
      let text = "";
      for (let part; (part = (await lines.read()).value) !== undefined;) text += part;
      return { text, code: (await child.status).code };
    },
  };
}

const take = (root: string, host: string) =>
  new DenoStorage({ times: TIMES }).lock(`${root}/.lock`, holderOn(host));

/** Names in a folder that locks have left. */
const left = (root: string) =>
  [...Deno.readDirSync(root)].map(({ name }) => name).filter((name) => name.startsWith(".lock"));

for (const clockError of [0, -86_400_000, 86_400_000]) {
  Deno.test(`hosts: a lock is refused while its holder lives; one that was killed is stale: clocks ${clockError} ms apart`, async () => {
    await withoutSystemLocks(async (root) => {
      const child = await startHost(root, "far", clockError);
      const whose = `process ${child.pid} on host "far"`;
      await assertRejects(() => take(root, "near"), LockedError, whose);
      const looker = new DenoStorage({ times: TIMES });
      await assertRejects(
        () => looker.checkLock(`${root}/.lock`, holderOn("near")),
        LockedError,
        whose,
      );
      await child.end("SIGKILL");
      const start = performance.now(), lines: string[] = [];
      const taker = new DenoStorage({ times: TIMES, onWatch: (line) => lines.push(line) });
      const lock = await taker.lock(`${root}/.lock`, holderOn("near"));
      assertEquals(lines, [`watching whether ${whose} lives, at most 2 seconds`]);
      const seconds = (performance.now() - start) / 1000;
      assert(seconds > 1.7 && seconds < 6, `taken after ${seconds} s`);
      await lock.release();
      assertEquals(left(root), []);
    });
  });
}

Deno.test("hosts: a holder that stood still finds that it has lost, and writes nothing more", async () => {
  await withoutSystemLocks(async (root) => {
    const child = await startHost(root, "far");
    child.signal("SIGSTOP");
    const lock = await take(root, "near");
    const count = await Deno.readTextFile(`${root}/count`);
    child.signal("SIGCONT");
    const { text, code } = await child.end();
    assertMatch(
      text,
      /^(lost|refused): \S+ was taken over by process \d+ on host "near" while thi/,
    );
    assert(code === 7 || code === 8, `${code}`);
    assertEquals(await Deno.readTextFile(`${root}/count`), count);
    await assertRejects(() => take(root, "third"), LockedError, 'on host "near"');
    await lock.release();
    assertEquals(left(root), []);
  });
});

Deno.test("hosts: a holder that stood still for a while, and was not succeeded, continues", async () => {
  await withoutSystemLocks(async (root) => {
    const child = await startHost(root, "far");
    const { token } = (await lastClaim(`${root}/.lock`))!;
    child.signal("SIGSTOP");
    await sleep(0.7 * TIMES.stale);
    const count = await Deno.readTextFile(`${root}/count`);
    child.signal("SIGCONT");
    await sleep(500);
    assert(Number(await Deno.readTextFile(`${root}/count`)) > Number(count));
    assert((await lastClaim(`${root}/.lock`))!.token !== token);
    await assertRejects(() => take(root, "near"), LockedError, `process ${child.pid} `);
    await child.end("SIGKILL");
  });
});

Deno.test("hosts: a taker that stood still itself takes nothing from a live holder", async () => {
  await withoutSystemLocks(async (root) => {
    const child = await startHost(root, "far");
    // A file server that answers no one for long is the same: nobody could see a beat.
    child.signal("SIGSTOP");
    const refused = assertRejects(() => take(root, "near"), LockedError, `process ${child.pid} `);
    await sleep(300);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TIMES.stale + 200);
    child.signal("SIGCONT");
    await refused;
    await child.end("SIGKILL");
  });
});

Deno.test("hosts: of many takers one has the lock at a time, whoever dies", async () => {
  await withoutSystemLocks(async (root) => {
    const dead = await startHost(root, "dead");
    await dead.end("SIGKILL");
    let inside = 0, entries = 0;
    const work = async (host: string) => {
      for (let turns = 0; turns < 2;) {
        let lock: StorageLock;
        try {
          lock = await take(root, host);
        } catch (error) {
          assert(error instanceof LockedError, `${error}`);
          continue;
        }
        assertEquals(++inside, 1);
        await sleep(3);
        inside--;
        entries++;
        turns++;
        await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => work(`host${i}`)));
    assertEquals(entries, 16);
    assertEquals(left(root), []);
  });
});

Deno.test("hosts: claims of one machine need no waiting where the system's lock says who lives", async () => {
  const root = await Deno.makeTempDir(), storage = new DenoStorage();
  const text = JSON.stringify({ ...holderOn("near"), token: crypto.randomUUID(), beat: 3 });
  await Deno.writeTextFile(`${root}/.lock.first`, text);
  const start = performance.now();
  await storage.checkLock(`${root}/.lock`, holderOn("near"));
  await (await storage.lock(`${root}/.lock`, holderOn("near"))).release();
  assert(performance.now() - start < 1000);
  assertEquals(left(root), []);
  await Deno.remove(root, { recursive: true });
});

Deno.test("hosts: a process with many claims beats more rarely, and is given more time", async () => {
  await withoutSystemLocks(async (root) => {
    const storage = new DenoStorage({ times: TIMES });
    const locks: StorageLock[] = [];
    for (let i = 0; i < 13; i++) {
      locks.push(await storage.lock(`${root}/${i}/.lock`, holderOn("far")));
    }
    const claim = async () => (await lastClaim(`${root}/0/.lock`))!;
    while ((await claim()).every < 3000) await sleep(50);
    const { text } = await claim();
    const start = performance.now();
    while ((await claim()).text === text) await sleep(50);
    const passed = performance.now() - start;
    assert(passed > TIMES.stale, `a beat after ${passed} ms`);
    await assertRejects(() => take(`${root}/0`, "near"), LockedError, 'on host "far"');
    for (const lock of locks) await lock.release();
  });
});

Deno.test("hosts: whatever a claim says, it is stale when it stays so", async () => {
  const token = crypto.randomUUID();
  const contents: [name: string, text: string][][] = [
    [["first", ""]],
    [["first", "{"], ["firstx", "null"]],
    [["first", "x".repeat(100_000)]],
    [["first", JSON.stringify({ token })], [token, JSON.stringify({ token })]],
    [["first", JSON.stringify({ token: "../../x" })]],
  ];
  await Promise.all(contents.map(async (files) => {
    const root = await Deno.makeTempDir();
    for (const [name, text] of files) await Deno.writeTextFile(`${root}/.lock.${name}`, text);
    const lock = await take(root, "near");
    await assertRejects(() => take(root, "near"), LockedError, "another job of this process");
    await lock.release();
    assertEquals(left(root), []);
    await Deno.remove(root, { recursive: true });
  }));
});

Deno.test("hosts: an owner whose lock file another host has removed is not taken for dead", async () => {
  const root = await Deno.makeTempDir();
  const lock = await take(root, "near");
  await Deno.remove(`${root}/.lock`);
  const looker = new DenoStorage({ times: TIMES });
  await assertRejects(() => looker.checkLock(`${root}/.lock`, holderOn("near")), LockedError);
  await assertRejects(() => take(root, "near"), LockedError, "another job of this process");
  await lock.release();
  await (await take(root, "near")).release();
  assertEquals(left(root), []);
  await Deno.remove(root, { recursive: true });
});

Deno.test("hosts: whose heart cannot beat changes nothing from when others may take over", async () => {
  await withoutSystemLocks(async (root) => {
    const storage = new DenoStorage({ times: TIMES }), path = `${root}/f`;
    const lock = await storage.lock(`${root}/.lock`, holderOn("near"));
    await storage.write(path, Uint8Array.of(1));
    const { open } = Deno, { writeSync } = Deno.FsFile.prototype;
    const full = () => {
      throw Object.assign(new Error("No space left (os error 28)"), { code: "ENOSPC" });
    };
    try {
      Deno.FsFile.prototype.writeSync = full;
      Deno.open = (path, options) => `${path}`.includes(".lock.") ? full() : open(path, options);
      await sleep(0.7 * TIMES.stale);
      const fault = (action: string) => `cannot ${action} ${path}: the disk is full`;
      await assertRejects(
        () => storage.write(path, new Uint8Array()),
        StorageError,
        fault("write"),
      );
      await assertRejects(() => storage.remove(path), StorageError, fault("remove"));
      assertEquals(await Deno.readFile(path), Uint8Array.of(1));
    } finally {
      Deno.open = open;
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    await storage.write(path, Uint8Array.of(2));
    await assertRejects(() => take(root, "far"), LockedError, 'on host "near"');
    await lock.release();
    assertEquals(left(root), []);
  });
});

/** The calls in which a process, or its server, can stand still: who was there, and for whom. */
const STANDSTILLS: {
  name: string;
  /** Stands still in the first of these calls that it is asked about. */
  isMeant: (call: string, path: string) => boolean;
  isTaking: boolean;
}[] = [
  {
    name: "as it has created its claim",
    isMeant: (call, path) => call === "create" && path.endsWith(".first"),
    isTaking: true,
  },
  {
    name: "as it has written its claim",
    isMeant: (call) => call === "syncData",
    isTaking: true,
  },
  {
    name: "as it gives its claim back",
    isMeant: (call, path) => call === "stat" && /\.lock\.[0-9a-f-]{36}$/.test(path),
    isTaking: false,
  },
];

/** Calls of this process last longer than it takes until a claim is stale, from now on, once. */
function standStillOnce(isMeant: (call: string, path: string) => boolean): Disposable {
  const { open, stat } = Deno, { syncData } = Deno.FsFile.prototype;
  let isMet = false;
  const pass = async <T>(call: string, path: string, result: Promise<T>): Promise<T> => {
    try {
      return await result;
    } finally {
      if (!isMet && isMeant(call, path)) {
        isMet = true;
        await sleep(2 * TIMES.stale);
      }
    }
  };
  Deno.open = (path, options) =>
    pass(options?.createNew ? "create" : "open", `${path}`, open(path, options));
  Deno.stat = (path) => pass("stat", `${path}`, stat(path));
  Deno.FsFile.prototype.syncData = function () {
    return pass("syncData", "", syncData.call(this));
  };
  return {
    [Symbol.dispose]() {
      assert(isMet);
      Object.assign(Deno, { open, stat });
      Deno.FsFile.prototype.syncData = syncData;
    },
  };
}

for (const { name, isMeant, isTaking } of STANDSTILLS) {
  Deno.test(`hosts: one that stands still ${name} takes nothing from who took over`, async () => {
    await withoutSystemLocks(async (root) => {
      const before = isTaking ? null : await take(root, "slow");
      using _ = standStillOnce(isMeant);
      const slow = before?.release() ?? assertRejects(() => take(root, "slow"), LockedError);
      await sleep(100);
      const lock = await take(root, "near");
      await slow;
      await assertRejects(() => take(root, "third"), LockedError, 'on host "near"');
      assertEquals((await lastClaim(`${root}/.lock`))?.owner?.host, "near");
      await lock.release();
      assertEquals(left(root).filter((name) => name.startsWith(".lock.")), []);
    });
  });
}

Deno.test("hosts: where the system has no locks the claim alone does", async () => {
  const refuse = () => Promise.reject(new Error("Function not implemented (os error 38)"));
  await withoutSystemLocks(async (root) => {
    const lock = await take(root, "near");
    await assertRejects(() => take(root, "near"), LockedError, "another job of this process");
    await assertRejects(() => take(root, "far"), LockedError, 'on host "near"');
    await lock.release();
    assertEquals(left(root), []);
  }, refuse);
});
