import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NotFoundError, StorageError } from "../../src/errors.ts";
import { asStorageError, DenoStorage } from "../../src/storage/deno.ts";
import { testStorage } from "./contract.ts";
import { testLocks } from "./lock_contract.ts";

async function makePlace() {
  const root = await Deno.makeTempDir();
  return {
    storage: new DenoStorage(),
    root,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

testStorage("DenoStorage", makePlace);
testLocks("DenoStorage", makePlace);

function allNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

Deno.test("DenoStorage: a file arrives by rename, so an open reader keeps the old content", async () => {
  await using place = await makePlace();
  const path = `${place.root}/f`;
  await place.storage.write(path, Uint8Array.of(1, 1));
  using reader = await Deno.open(path);
  await place.storage.write(path, Uint8Array.of(2, 2));
  const buffer = new Uint8Array(2);
  await reader.read(buffer);
  assertEquals([...buffer], [1, 1]);
  assertEquals([...await place.storage.read(path)], [2, 2]);
});

Deno.test("DenoStorage: a write that fails leaves no temporary file", async () => {
  await using place = await makePlace();
  await place.storage.write(`${place.root}/folder/f`, Uint8Array.of(1));
  await assertRejects(
    () => place.storage.write(`${place.root}/folder`, Uint8Array.of(2)),
    StorageError,
    "is a folder",
  );
  assertEquals(allNames(place.root), ["folder"]);
});

Deno.test("DenoStorage: what a killed process left behind is not listed", async () => {
  await using place = await makePlace();
  const name = ".run.json.0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab.tmp";
  await Deno.writeTextFile(`${place.root}/${name}`, "{");
  assertEquals(await place.storage.list(place.root), []);
  assertEquals(allNames(place.root), [name]);
});

Deno.test("DenoStorage: a name of 200 characters is written, one of 300 refused", async () => {
  await using place = await makePlace();
  await place.storage.write(`${place.root}/${"n".repeat(200)}`, Uint8Array.of(1));
  const path = `${place.root}/${"n".repeat(300)}`;
  const error = await assertRejects(
    () => place.storage.write(path, Uint8Array.of(1)),
    StorageError,
    "the name is too long",
  );
  assertStringIncludes(error.message, path);
});

Deno.test("DenoStorage: every name on the way to a new file is flushed to the disk, after it is made", async () => {
  await using place = await makePlace();
  const { open, rename, mkdir } = Deno;
  const events: string[] = [];
  const inside = (path: string | URL) => String(path).slice(place.root.length).replace(/\/$/, "");
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    const { sync } = file;
    file.sync = () => {
      events.push(`sync ${inside(path).replace(/\.[-0-9a-f]+\.tmp$/, ".tmp")}`);
      return sync.call(file);
    };
    return file;
  };
  Deno.rename = (from, to) => (events.push(`rename ${inside(to)}`), rename(from, to));
  Deno.mkdir = (path, options) => (events.push(`mkdir ${inside(path)}`), mkdir(path, options));
  try {
    await place.storage.write(`${place.root}/a/b/f`, Uint8Array.of(1));
    assertEquals(events.splice(0), [
      "mkdir /a/b",
      "sync /a",
      "sync ",
      "sync /a/b/.f.tmp",
      "rename /a/b/f",
      "sync /a/b",
    ]);
    await place.storage.rename(`${place.root}/a/b/`, `${place.root}/c`);
    assertEquals(events.splice(0), ["rename /c", "sync ", "sync /a"]);
    await place.storage.remove(`${place.root}/c/f`);
    await place.storage.remove(`${place.root}/c/`);
    assertEquals(events.splice(0), ["sync /c", "sync "]);
  } finally {
    Object.assign(Deno, { open, rename, mkdir });
  }
});

Deno.test("DenoStorage: a folder that cannot be flushed is no fault, a broken disk is", async () => {
  await using place = await makePlace();
  const { open } = Deno;
  const path = `${place.root}/f`;
  const write = (code: string) => {
    Deno.open = (path, options) =>
      options ? open(path, options) : Promise.reject(Object.assign(new Error(code), { code }));
    return place.storage.write(path, Uint8Array.of(code.length));
  };
  try {
    for (const code of ["EINVAL", "EACCES", "ENOTSUP", ""]) {
      await write(code);
      assertEquals([...await place.storage.read(path)], [code.length]);
    }
    await assertRejects(() => write("EIO"), StorageError, `cannot write ${path}: EIO; check`);
  } finally {
    Deno.open = open;
  }
});

Deno.test("DenoStorage: a file that another process sweeps away while it is written is written again", async () => {
  await using place = await makePlace();
  const { rename } = Deno;
  const path = `${place.root}/f`;
  let sweeps = 2;
  Deno.rename = async (from, to) => {
    if (sweeps-- > 0) await Deno.remove(from);
    await rename(from, to);
  };
  try {
    await place.storage.write(path, Uint8Array.of(1));
    assertEquals([...await place.storage.read(path)], [1]);
    sweeps = Infinity;
    await assertRejects(() => place.storage.write(path, Uint8Array.of(2)), StorageError, path);
    assertEquals([...await place.storage.read(path)], [1]);
  } finally {
    Deno.rename = rename;
  }
});

Deno.test("DenoStorage: relative paths start at the working folder", async () => {
  await using place = await makePlace();
  const module = import.meta.resolve("../../src/storage/deno.ts");
  const script = `import { DenoStorage } from "${module}";
    const storage = new DenoStorage();
    await storage.write("f", Uint8Array.of(7));
    await storage.write("a/g", Uint8Array.of(8));
    console.log(JSON.stringify(await storage.list(".")));`;
  const output = await runDeno(script, place.root, ["--allow-read=.", "--allow-write=."]);
  assertEquals(JSON.parse(output), [
    { name: "a", isDirectory: true },
    { name: "f", isDirectory: false },
  ]);
  assertEquals([...await place.storage.read(`${place.root}/a/g`)], [8]);
});

Deno.test("DenoStorage: without Deno's permission the error says how to give it", async () => {
  await using place = await makePlace();
  const module = import.meta.resolve("../../src/storage/deno.ts");
  const script = `import { DenoStorage } from "${module}";
    const storage = new DenoStorage();
    for (const act of [() => storage.read("f"), () => storage.write("f", new Uint8Array())]) {
      await act().catch((error) => console.log(error.name + ": " + error.message));
    }`;
  const fault = "Deno does not permit it; choose another folder, or start the program " +
    "through `deno task`";
  assertEquals((await runDeno(script, place.root, [])).trim().split("\n"), [
    `StorageError: cannot read f: ${fault}`,
    `StorageError: cannot write f: ${fault}`,
  ]);
});

async function runDeno(script: string, cwd: string, permissions: string[]): Promise<string> {
  const path = `${cwd}/.script.${crypto.randomUUID()}.tmp`;
  await Deno.writeTextFile(path, script);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--no-config", ...permissions, path],
    cwd,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("asStorageError: a full disk, as the system reports it", async () => {
  await using place = await makePlace();
  const module = import.meta.resolve("../../src/storage/deno.ts");
  // A device file takes all permissions, which these tests have not.
  const script = `import { asStorageError } from "${module}";
    using full = await Deno.open("/dev/full", { write: true });
    await full.write(Uint8Array.of(1)).catch((error) =>
      console.log(asStorageError(error, "write", "results/f").message));`;
  assertEquals(
    await runDeno(script, place.root, ["--allow-all"]),
    "cannot write results/f: the disk is full; free some space or choose a folder on another disk\n",
  );
});

Deno.test("asStorageError: faults by the system's code, and unknown ones in its words", () => {
  const fault = (code: string) =>
    asStorageError(Object.assign(new Error("x (os error 1)\nmore"), { code }), "write", "a/b");
  assertStringIncludes(fault("EROFS").message, "cannot write a/b: the file system is read-only;");
  assertStringIncludes(fault("EACCES").message, "cannot write a/b: permission denied;");
  assertEquals(
    fault("EIO").message,
    "cannot write a/b: x (os error 1); check the path and the disk",
  );
  assertEquals(
    asStorageError("odd", "list", "c").message,
    "cannot list c: odd; check the path and the disk",
  );
  assert(asStorageError(new Deno.errors.NotFound("x"), "read", "a") instanceof NotFoundError);
  assert(!(fault("EROFS") instanceof NotFoundError));
});
