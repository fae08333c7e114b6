/**
 * Deno's cache of npm packages, for tests of what tasks download: finds the packages that a program
 * names, and makes a cache that holds some packages and no others.
 */

import { LOCK, runDeno } from "../../tasks/lib/toolchain.ts";

interface Graph {
  roots: string[];
  redirects: Record<string, string>;
  modules: { specifier: string; dependencies?: { code?: { specifier: string } }[] }[];
}

/** Names of the packages that are reached from a program's first module, types aside. */
export async function packagesOf(entry: string): Promise<string[]> {
  const { stdout } = await runDeno(["info", "--json", LOCK, entry]);
  const { roots, redirects, modules }: Graph = JSON.parse(stdout);
  const dependencies = new Map(modules.map((module) => [module.specifier, module.dependencies]));
  const reached = new Set(roots), packages = new Set<string>();
  for (const specifier of reached) {
    const [, name] = /^npm:\/?(@?[^@]+)@/.exec(specifier) ?? [];
    if (name) packages.add(name);
    for (const { code } of dependencies.get(redirects[specifier] ?? specifier) ?? []) {
      if (code) reached.add(code.specifier);
    }
  }
  return [...packages].sort();
}

/**
 * Makes `denoDir` a DENO_DIR that holds these packages of this machine's cache, and nothing else.
 */
export async function copyPackages(packages: readonly string[], denoDir: string): Promise<void> {
  const { npmCache } = JSON.parse((await runDeno(["info", "--json"])).stdout);
  for (const { name: registry, isDirectory } of Deno.readDirSync(npmCache)) {
    if (!isDirectory) continue;
    for (const { name } of Deno.readDirSync(`${npmCache}/${registry}`)) {
      const path = `${registry}/${name}`;
      if (packages.includes(name)) copyFolder(`${npmCache}/${path}`, `${denoDir}/npm/${path}`);
    }
  }
}

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    (isDirectory ? copyFolder : Deno.copyFileSync)(`${from}/${name}`, `${to}/${name}`);
  }
}
