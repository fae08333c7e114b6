/**
 * The imports of src/, as Deno's parser sees them, and the rules that they follow: the arrow tasks,
 * web → commands → reports, lottery → runs → foundations → records → models, datasets → engine,
 * formats, storage; reports → figures → analysis → foundations; commands → flags.
 */

import { toFileUrl } from "@std/path";
import {
  entryText,
  LOCK,
  ROOT,
  runDeno,
  sourceModules,
  withFile,
} from "../../tasks/lib/toolchain.ts";

/** One import, types too: paths from the project's folder, or a specifier such as `npm:vega`. */
export interface Import {
  from: string;
  to: string;
}

/** Folders of src/ by layer, lowest first; the files directly in src/ are above all of them. */
const LAYERS = [
  ["engine", "formats", "storage"],
  ["datasets", "models"],
  ["records"],
  ["foundations"],
  ["analysis", "runs"],
  ["figures", "lottery"],
  ["reports", "flags"],
  ["commands"],
  ["web"],
];

/** Modules that every layer may import, and that import nothing. */
const BASE = ["src/errors.ts", "src/float32.ts", "src/memo.ts", "src/words.ts"];

interface ModuleInfo {
  specifier: string;
  dependencies?: { code?: { specifier: string }; type?: { specifier: string } }[];
}

/** The modules that Deno's parser finds: one, and all that it imports. */
async function moduleInfo(entry: string): Promise<ModuleInfo[]> {
  const { success, stdout, stderr } = await runDeno([
    "info",
    "--json",
    "--config=deno.json",
    LOCK,
    entry,
  ]);
  if (!success) throw new Error(`deno info failed: ${stderr}`);
  return JSON.parse(stdout).modules;
}

function importsOf({ specifier, dependencies = [] }: ModuleInfo): Import[] {
  const root = `${toFileUrl(ROOT)}`;
  const local = (url: string) => url.startsWith(root) ? url.slice(root.length) : url;
  return dependencies.flatMap(({ code, type }) =>
    [code, type].flatMap((found) => found ? [found.specifier] : [])
  ).map((to) => ({ from: local(specifier), to: local(to) }));
}

/** Every import of every module of src/. */
export async function sourceImports(): Promise<Import[]> {
  const modules = await withFile("all.ts", entryText(sourceModules()), moduleInfo);
  return modules.flatMap(importsOf).filter(({ from }) => from.startsWith("src/"));
}

/** The imports of a bundle. */
export async function remainingImports(bundle: string): Promise<string[]> {
  const modules = await withFile("bundle.js", bundle, moduleInfo);
  return modules.flatMap(importsOf).map(({ to }) => to);
}

/** Height of the layer of a path in src/. */
function height(path: string): number {
  const [, folder, ...inside] = path.split("/");
  if (inside.length === 0) return LAYERS.length;
  const layer = LAYERS.findIndex((folders) => folders.includes(folder));
  if (layer < 0) throw new Error(`${path}: src/${folder} has no layer; give it one in LAYERS`);
  return layer;
}

/** Whether one module of src/ may import another module or file. */
function isAllowed({ from, to }: Import): boolean {
  if (BASE.includes(from)) return false;
  if (BASE.includes(to)) return true;
  if (to.startsWith("shaders/")) return from.startsWith("src/engine/");
  // One place names each package and its version.
  if (to.startsWith("npm:")) return /^src\/npm\//.test(from);
  if (to.startsWith("src/npm/")) return !from.startsWith("src/engine/");
  if (from.startsWith("src/std/")) return to.startsWith("node:");
  // Declarations of flags, parsing and help serve any program.
  if (from.startsWith("src/flags/")) return /^src\/(flags\/|std\/cli\.ts)/.test(to);
  if (!to.startsWith("src/") || to.startsWith("src/std/")) return false;
  return height(to) <= height(from);
}

/** The imports that point up, out of src/, or at what a browser lacks. */
export function forbiddenImports(imports: Import[]): Import[] {
  return imports.filter((edge) => !isAllowed(edge));
}

/** The same imports between folders of src/ rather than modules. */
export function folderImports(imports: Import[]): Import[] {
  const folder = (path: string) => path.split("/").slice(0, 2).join("/");
  return imports.map(({ from, to }) => ({ from: folder(from), to: folder(to) }))
    .filter(({ from, to }) => from !== to);
}

/** A circle of imports, its first member repeated at its end; null if there is none. */
export function findCircle(imports: Import[]): string[] | null {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const finished = new Set<string>();
  const search = (path: string[]): string[] | null => {
    const last = path[path.length - 1];
    if (path.indexOf(last) < path.length - 1) return path.slice(path.indexOf(last));
    if (finished.has(last)) return null;
    for (const { to } of targets.get(last) ?? []) {
      const circle = search([...path, to]);
      if (circle) return circle;
    }
    finished.add(last);
    return null;
  };
  for (const start of targets.keys()) {
    const circle = search([start]);
    if (circle) return circle;
  }
  return null;
}
