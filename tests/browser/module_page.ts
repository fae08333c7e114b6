/** Opens a bundled module in Chromium for tests, served from this machine. */

import { type BrowserContext, chromium, type Page } from "playwright-core";
import { findChromium } from "./chromium.ts";
import { bundle } from "../../tasks/lib/toolchain.ts";

/** WebGPU on SwiftShader, as root and without a display, and no business of the browser's own. */
export const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];

/** A page that has loaded a module, and everything that went wrong in it so far. */
export interface ModulePage {
  page: Page;
  /** Errors on the page's console, and exceptions that nothing caught. */
  errors: string[];
  /** Addresses that were asked for, but are not the page's own server. */
  strangers: string[];
}

/**
 * Loads a module, bundled, in a fresh Chromium; its exports are the page's `globalThis.testModule`.
 *
 * @param config the deno.json whose names the module imports; the project's by default
 * @throws Error if there is no Chromium, saying what to install
 */
export async function withModulePage<T>(
  entry: string,
  use: (opened: ModulePage) => Promise<T>,
  config?: string,
): Promise<T> {
  const executablePath = findChromium();
  if (executablePath === null) {
    throw new Error("no Chromium; install it (Debian: apt-get install chromium)");
  }
  const script = await bundle(entry, config);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => serve(new URL(request.url).pathname, script),
  );
  const profile = await Deno.makeTempDir();
  let context: BrowserContext | null = null;
  try {
    context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
    const origin = `http://127.0.0.1:${server.addr.port}/`;
    const errors: string[] = [], strangers: string[] = [];
    context.on("request", (request) => {
      if (!request.url().startsWith(origin)) strangers.push(request.url());
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(`${error}`));
    await page.goto(origin);
    return await use({ page, errors, strangers });
  } finally {
    await context?.close();
    await server.shutdown();
    await Deno.remove(profile, { recursive: true });
  }
}

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Test</title>
<link rel="icon" href="data:,">
<script type="module">
import * as module from "/module.js";
globalThis.testModule = module;
</script>
`;

function serve(path: string, script: string): Response {
  const headers = (type: string) => ({ headers: { "content-type": type } });
  if (path === "/") return new Response(PAGE, headers("text/html"));
  if (path === "/module.js") return new Response(script, headers("text/javascript"));
  return new Response(null, { status: 404 });
}
