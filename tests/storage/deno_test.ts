import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NotFoundError, StorageError } from "../../src/errors.ts";
import { asStorageError, DenoStorage } from "../../src/storage/deno.ts";
import { testStorage } from "./contract.ts";

async function makePlace() {
  const root = await Deno.makeTempDir();
  return {
    storage: new DenoStorage(),
    root,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

testStorage("DenoStorage", makePlace);

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
