/**
 * The built page in Chromium, for tests: serves it as `deno task web` does, opens tabs, and gives
 * each a client of a worker of its own, the page's worker.
 */

import { type BrowserContext, chromium, type Page } from "playwright-core";
import { once } from "../../src/memo.ts";
import type { LaboratoryEvent, RequestName, Requests } from "../../src/web/messages.ts";
import { buildSite, type Site, siteHandler } from "../../tasks/lib/site.ts";
import { refuseExplicitUndefined } from "../explicit_undefined.ts";
import { findChromium } from "./chromium.ts";
import { FLAGS } from "./module_page.ts";
import { bundle } from "../../tasks/lib/toolchain.ts";

/** A browser that knows the page, with everything that went wrong in it so far. */
export interface SiteBrowser {
  origin: string;
  context: BrowserContext;
  /** Errors on a page's console, and exceptions that nothing caught. */
  errors: string[];
  /** Addresses that were asked for, but are not the page's own. */
  strangers: string[];
  /** Opens the page in a new tab. */
  openTab(): Promise<Page>;
}

/** The page's client, which the tests load beside it. */
const CLIENT = "client.js";

/** The site, built once per process. */
export const testSite = once(async (): Promise<Site> => {
  const site = await buildSite();
  return site.set(CLIENT, new TextEncoder().encode(await bundle("src/web/client.ts")));
});

/** The site, whose worker refuses an explicit undefined as its pages do. */
function strict(site: Site): Site {
  const script = new TextDecoder().decode(site.get("worker.js"));
  const strictScript = `(${refuseExplicitUndefined})("platform");\n${script}`;
  return new Map([...site, ["worker.js", new TextEncoder().encode(strictScript)]]);
}

/**
 * Starts a fresh Chromium.
 *
 * @param isStrict whether explicit undefined is refused, which keeps V8 from optimizing the calls
 *   that are watched
 * @throws Error if there is no Chromium, saying what to install
 */
export async function withSite<T>(
  use: (browser: SiteBrowser) => Promise<T>,
  { flags = FLAGS, isStrict = true, site = testSite() }: {
    flags?: readonly string[];
    isStrict?: boolean;
    site?: Promise<Site>;
  } = {},
): Promise<T> {
  const executablePath = findChromium();
  if (executablePath === null) {
    throw new Error("no Chromium; install it (Debian: apt-get install chromium)");
  }
  const handler = await siteHandler(isStrict ? strict(await site) : await site);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => handler(request),
  );
  const origin = `http://127.0.0.1:${server.addr.port}/`;
  const profile = await Deno.makeTempDir();
  let context: BrowserContext | null = null;
  try {
    context = await chromium.launchPersistentContext(profile, { executablePath, args: [...flags] });
    if (isStrict) await context.addInitScript(refuseExplicitUndefined, "platform" as const);
    const errors: string[] = [], strangers: string[] = [];
    context.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) strangers.push(url);
    });
    const opened = context;
    const openTab = async () => {
      const page = await opened.newPage();
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(`${error}`));
      await page.goto(origin);
      return page;
    };
    return await use({ origin, context, errors, strangers, openTab });
  } finally {
    await context?.close();
    await server.shutdown();
    await Deno.remove(profile, { recursive: true });
  }
}

/** A tab's state for the tests. */
export interface Held {
  client: { ask(name: string, argument?: unknown): Promise<unknown> };
  events: LaboratoryEvent[];
}

/** A client in the tab, with a worker of its own. */
export interface TabClient {
  ask<N extends RequestName>(name: N, argument?: Requests[N][0]): Promise<Requests[N][1]>;
  /** Begins what `ask` would await, and forgets earlier events. */
  begin<N extends RequestName>(name: N, argument?: Requests[N][0]): Promise<void>;
  /** Its outcome. */
  end<N extends RequestName>(name: N): Promise<Requests[N][1]>;
  /** The events so far. */
  events(): Promise<LaboratoryEvent[]>;
  /** Resolves when there has been an event of this kind. */
  waitFor(type: LaboratoryEvent["type"]): Promise<void>;
  /** Resolves when a run has come so far. */
  waitForIteration(iteration: number): Promise<void>;
}

/** Opens a worker in the tab. */
export async function openClient(page: Page): Promise<TabClient> {
  await page.evaluate(async () => {
    const address = "/client.js";
    const { LaboratoryClient } = await import(address);
    const open = () => new Worker("/worker.js", { type: "module" });
    const client = new LaboratoryClient(open);
    const held: Held = { client, events: [] };
    client.listen((event: LaboratoryEvent) => held.events.push(event));
    Object.assign(globalThis, { held, begun: {} });
  });
  const ask = (name: string, argument: unknown) =>
    page.evaluate(async ([name, argument]) => {
      const { held } = globalThis as unknown as { held: Held };
      return await held.client.ask(name as string, argument);
    }, [name, argument] as const);
  return {
    ask: ask as TabClient["ask"],
    begin: (name, argument) =>
      page.evaluate(([name, argument]) => {
        const here = globalThis as unknown as { held: Held; begun: Record<string, unknown> };
        here.held.events.length = 0;
        const work = here.held.client.ask(name as string, argument);
        work.catch(() => {});
        here.begun[name as string] = work;
      }, [name, argument] as const),
    end: ((name: string) =>
      page.evaluate(
        (name) => (globalThis as unknown as { begun: Record<string, unknown> }).begun[name],
        name,
      )) as TabClient["end"],
    events: () => page.evaluate(() => (globalThis as unknown as { held: Held }).held.events),
    waitFor: async (type) => {
      await page.waitForFunction(
        (type) =>
          (globalThis as unknown as { held: Held }).held.events.some((event) =>
            event.type === type
          ),
        type,
        { timeout: 60_000 },
      );
    },
    waitForIteration: async (iteration) => {
      await page.waitForFunction(
        (iteration) =>
          (globalThis as unknown as { held: Held }).held.events.some((event) =>
            event.type === "progress" && event.iteration >= iteration
          ),
        iteration,
        { timeout: 180_000 },
      );
    },
  };
}
