/** The weight of the page: its files' bytes as gzip, before and with its charts. */

import { gzip, type Site } from "../../tasks/lib/site.ts";

/** Files that the browser loads at once, and when the first chart is drawn. */
const AT_ONCE = ["index.html", "page.css", "page.js", "worker.js"],
  WITH_CHARTS = ["chart_worker.js"];
const STATIC = /(?:from|import)\s*"\.\/([^"]+)"/g, ANY = /"\.\/([^"]+\.js)"/g;

/** Weighs the scripts of the built site. */
export async function siteWeight(
  site: Site,
): Promise<{ beforeCharts: number; withCharts: number }> {
  const before = reached(site, AT_ONCE, STATIC);
  return {
    beforeCharts: await weigh(site, before),
    withCharts: await weigh(site, reached(site, [...before, ...WITH_CHARTS], ANY)),
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
