/** Files in and out of a tab, for tests: takes bytes here, gives `File`s there, or the reverse. */

import type { Page } from "playwright-core";
import type { Held } from "./site_page.ts";

function toText(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  }
  return btoa(parts.join(""));
}

const fromText = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** Asks the worker something of files; `name` is that of the request. */
export async function askWithFiles<T>(
  page: Page,
  name: "storeMnist" | "importZip",
  files: Record<string, Uint8Array>,
): Promise<T> {
  const texts = Object.entries(files).map(([name, bytes]) => [name, toText(bytes)]);
  return await page.evaluate(async ([name, texts]) => {
    const { held } = globalThis as unknown as { held: Held };
    const files = texts.map(([name, text]) =>
      new File([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))], name)
    );
    return await held.client.ask(
      name,
      name === "importZip" ? { file: files[0], name: files[0].name } : { files },
    ) as never;
  }, [name, texts] as const) as T;
}

/** Asks the worker for a file. */
export async function askForFile(
  page: Page,
  name: "exportZip" | "exportTicket",
  argument: unknown,
): Promise<Uint8Array<ArrayBuffer>> {
  const text = await page.evaluate(async ([name, argument]) => {
    const { held } = globalThis as unknown as { held: Held };
    const blob = await held.client.ask(name as string, argument) as Blob;
    const reader = new FileReader();
    reader.readAsDataURL(blob);
    await new Promise((resolve, reject) =>
      Object.assign(reader, { onload: resolve, onerror: reject })
    );
    return String(reader.result).split(",")[1] ?? "";
  }, [name, argument] as const);
  return fromText(text);
}

/** The SHA-256 of every file below a folder of the tab's OPFS, by path; lock files left out. */
export async function treeDigests(page: Page, path: string): Promise<Record<string, string>> {
  return await page.evaluate(async (path) => {
    interface Handle {
      kind: string;
      entries(): AsyncIterable<[string, Handle]>;
      getDirectoryHandle(name: string): Promise<Handle>;
      getFile(): Promise<Blob>;
    }
    const { storage } = navigator as unknown as { storage: { getDirectory(): Promise<Handle> } };
    let folder = await storage.getDirectory();
    for (const part of path.split("/")) folder = await folder.getDirectoryHandle(part);
    const digests: Record<string, string> = {};
    const walk = async (folder: Handle, inside: string) => {
      for await (const [name, handle] of folder.entries()) {
        if (name.endsWith(".lock")) continue;
        if (handle.kind === "directory") await walk(handle, `${inside}${name}/`);
        else {
          const bytes = await (await handle.getFile()).arrayBuffer();
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
          digests[inside + name] = [...digest].join(" ");
        }
      }
    };
    await walk(folder, "");
    return digests;
  }, path);
}

/** Empties a file of the tab's OPFS. */
export async function emptyFile(page: Page, path: string): Promise<void> {
  await page.evaluate(async (path) => {
    interface Handle {
      getDirectoryHandle(name: string): Promise<Handle>;
      getFileHandle(
        name: string,
      ): Promise<{ createWritable(): Promise<{ close(): Promise<void> }> }>;
    }
    const { storage } = navigator as unknown as { storage: { getDirectory(): Promise<Handle> } };
    let folder = await storage.getDirectory();
    const parts = path.split("/"), name = parts.pop()!;
    for (const part of parts) folder = await folder.getDirectoryHandle(part);
    // Files that are not written are dropped.
    await (await (await folder.getFileHandle(name)).createWritable()).close();
  }, path);
}
