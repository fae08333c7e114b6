/**
 * The page as files: bundles what is in src/web with Deno's own bundler, and answers requests for
 * it. Returns files by name, which any web server can serve as they are.
 */

import { toFileUrl } from "@std/path";
import { LotteryError, StorageError } from "../../src/errors.ts";
import { makeTemporaryFolder } from "../../src/storage/deno.ts";
import { EXAMPLE_ON_SITE } from "../../src/web/example/about_example.ts";
import { DATASETS_ON_SITE } from "../../src/web/examples.ts";
import { LOCK, ROOT, runDeno } from "./toolchain.ts";

/** Files by their path below the page's folder. */
export type Site = Map<string, Uint8Array<ArrayBuffer>>;

/**
 * The scripts of the page, by the name of the bundle. Code that they share, and code that is loaded
 * late, gets files of its own.
 */
const ENTRIES: Record<string, string> = {
  page: "src/web/page/page.ts",
  worker: "src/web/worker.ts",
};

/** The file that is served as it is. */
const HTML = "src/web/page/index.html";

/** A finished experiment, which the page loads when it is asked for. */
const EXAMPLE = `src/web/example/${EXAMPLE_ON_SITE}`;

/** The parts of the style sheet, in the order of the cascade; browsers load one file. */
const STYLES = [
  "src/web/page/page.css",
  ...["drawing", "form", "networks", "run", "charts", "kernels", "result", "draw", "saved", "print"]
    .map((
      part,
    ) => `src/web/page/styles/${part}.css`),
];

/** Bundles the page, and puts MNIST's files beside it if they are given. */
export async function buildSite(mnist: Site = new Map()): Promise<Site> {
  const site: Site = new Map(mnist);
  const datasets = mnist.size > 0 ? ["mnist"] : [];
  site.set(DATASETS_ON_SITE, new TextEncoder().encode(`${JSON.stringify(datasets)}\n`));
  site.set(EXAMPLE_ON_SITE, await Deno.readFile(`${ROOT}${EXAMPLE}`));
  site.set("index.html", await Deno.readFile(`${ROOT}${HTML}`));
  const styles = await Promise.all(STYLES.map((path) => Deno.readTextFile(`${ROOT}${path}`)));
  site.set("page.css", new TextEncoder().encode(styles.join("\n")));
  const folder = await makeTemporaryFolder();
  try {
    // Entries of one folder give bundles in one folder.
    const entries = Object.entries(ENTRIES).map(async ([name, path]) => {
      const entry = `${folder}/${name}.ts`;
      await Deno.writeTextFile(entry, `import ${JSON.stringify(`${toFileUrl(ROOT + path)}`)};\n`);
      return entry;
    });
    const { success, stderr } = await runDeno([
      ...["bundle", "--quiet", "--config=deno.json", LOCK, "--platform=browser"],
      // Errors are distinguished by the names of their classes.
      ...["--minify", "--keep-names", "--code-splitting", `--outdir=${folder}/out`],
      ...await Promise.all(entries),
    ]);
    if (!success) throw new LotteryError(`the page cannot be bundled: ${reasonOf(stderr)}`);
    for await (const { name } of Deno.readDir(`${folder}/out`)) {
      site.set(name, await Deno.readFile(`${folder}/out/${name}`));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return site;
}

/** Deno's message about a failure, without the stack that follows. */
const reasonOf = (stderr: string) => stderr.split("\n\nStack backtrace")[0].replace(/^error: /, "");

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  gz: "application/gzip",
};

/** The bytes as gzip. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Where the page is served. */
export const HOST = "127.0.0.1", USUAL_PORT = 8000;

/**
 * Serves a site on this machine, on the usual port or a free one if none is asked for.
 *
 * @throws StorageError if the port cannot be had
 */
export async function serveSite(site: Site, port?: number): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const handler = await siteHandler(site);
  const listen = (port: number) =>
    Deno.serve({ hostname: HOST, port, onListen: () => {} }, (request) => handler(request));
  try {
    return listen(port ?? USUAL_PORT);
  } catch (error) {
    if (port === undefined && error instanceof Deno.errors.AddrInUse) return listen(0);
    throw portError(error, port ?? USUAL_PORT);
  }
}

/** Why a port cannot be had, for the user. Exported for its tests: root may take any. */
export function portError(error: unknown, port: number): unknown {
  const advice = "give another --port, or none for a free one";
  if (error instanceof Deno.errors.AddrInUse) {
    return new StorageError(`port ${port} is taken: ${advice}`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new StorageError(`port ${port} is not permitted to this user: ${advice}`);
  }
  return error;
}

/** Answers requests for the files of a site, and for nothing else. */
export async function siteHandler(site: Site): Promise<(request: Request) => Response> {
  const packed = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, bytes] of site) {
    if (!name.endsWith(".gz")) packed.set(name, await gzip(bytes));
  }
  const policy = contentPolicy(site);
  return (request) => {
    const headers = new Headers({
      "content-security-policy": `${policy}; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    });
    if (request.method !== "GET" && request.method !== "HEAD") {
      headers.set("allow", "GET, HEAD");
      return new Response(null, { status: 405, headers });
    }
    // The address is made of what the client calls this host.
    const address = URL.parse(request.url);
    if (!address) return new Response("There is no such host.\n", { status: 400, headers });
    const name = address.pathname.slice(1) || "index.html";
    const bytes = site.get(name);
    if (!bytes) return new Response("There is no such page.\n", { status: 404, headers });
    headers.set("content-type", TYPES[name.split(".").at(-1)!] ?? "application/octet-stream");
    headers.set("vary", "accept-encoding");
    const isAsked = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
    const body = isAsked ? packed.get(name) ?? bytes : bytes;
    if (body !== bytes) headers.set("content-encoding", "gzip");
    headers.set("content-length", `${body.length}`);
    return new Response(request.method === "HEAD" ? null : body, { headers });
  };
}

/** The page's own policy: for scripts of workers it holds only if the server says it too. */
export function contentPolicy(site: Site): string {
  const html = new TextDecoder().decode(site.get("index.html"));
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html) ?? [];
  if (policy === undefined) {
    throw new Error("index.html states no Content-Security-Policy: give it one in a meta element");
  }
  return policy;
}
