/** `deno task web`: bundles the page, and serves it on this machine or leaves it in a folder. */

import { boolean, integer, path } from "../src/flags/kinds.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { buildSite, HOST, serveSite, USUAL_PORT } from "./lib/site.ts";
import { mnistForSite } from "./lib/site_mnist.ts";
import { interruptible, notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "web",
  summary: "Serves a page on this machine that trains networks in the browser, on its GPU.",
  flags: {
    port: integer({
      min: 1,
      max: 65535,
      help: "port to serve on",
      defaultText: `${USUAL_PORT}, or a free one if that is taken`,
    }),
    build: boolean({ help: "write the page's files to --output-dir instead of serving them" }),
    outputDir: path({
      help: "folder for --build; any web server can serve it",
      defaultText: "dist/web",
    }),
  },
  examples: ["deno task web", "deno task web --port 9000", "deno task web --build"],
};

await runTask(task, async ({ port, build, outputDir }) => {
  const storage = new DenoStorage();
  const site = await buildSite(await mnistForSite(storage, notice));
  if (build) {
    const folder = (outputDir ?? "dist/web").replace(/\/+$/, "");
    for (const [name, bytes] of site) await storage.write(`${folder}/${name}`, bytes);
    print(`${folder}: ${site.size} files; serve them with any web server`);
    return;
  }
  const server = await serveSite(site, port);
  print(`http://${HOST}:${server.addr.port}/`);
  notice("press ctrl-C to stop");
  await interruptible(() => void server.shutdown(), () => server.finished);
});
