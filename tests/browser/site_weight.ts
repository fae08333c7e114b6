/** The weight of the page: its files' bytes as gzip, at once and with those that it loads late. */

import { EXAMPLE_ON_SITE } from "../../src/web/example/about_example.ts";
import { gzip, type Site } from "../../tasks/lib/site.ts";

/** Files that the browser loads at once, and when the finished example's networks are asked. */
const AT_ONCE = ["index.html", "page.css", "page.js", "worker.js"], LATE = [EXAMPLE_ON_SITE];
const STATIC = /(?:from|import)\s*"\.\/([^"]+)"/g, ANY = /"\.\/([^"]+\.js)"/g;

/** Weighs the scripts of the built site. */
export async function siteWeight(site: Site): Promise<{ atOnce: number; withLate: number }> {
  const before = reached(site, AT_ONCE, STATIC);
  return {
    atOnce: await weigh(site, before),
    withLate: await weigh(site, [...reached(site, [...before], ANY), ...LATE]),
  };
}

/** The files that these ask for, and so on. */
function reached(site: Site, start: readonly string[], imports: RegExp): Set<string> {
  const names = new Set(start);
  for (const name of names) {
    const text = new TextDecoder().decode(site.get(name));
    for (const [, found] of text.matchAll(imports)) if (site.has(found)) names.add(found);
  }
  return names;
}

async function weigh(site: Site, names: Iterable<string>): Promise<number> {
  let sum = 0;
  for (const name of names) sum += (await gzip(site.get(name)!)).length;
  return sum;
}
