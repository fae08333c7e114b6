/**
 * Shared by tests of the page: the keyboard as a person uses it, small settings, and its main
 * thread.
 */

import type { CDPSession, Page } from "playwright-core";

/** Settings of an experiment that ends within seconds on a processor. */
export const TINY = { iterations: "1", trainingLen: "20", layers: "20" };

/** The id of the element that has the focus. */
export function focusedId(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.id");
}

/** Presses Tab until the element has the focus. */
export async function tabTo(page: Page, id: string, most = 60): Promise<void> {
  for (let i = 0; i < most; i++) {
    if (await focusedId(page) === id) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`#${id} is not reached by ${most} presses of Tab`);
}

/** Writes into a setting, without running anything. */
export async function setFields(page: Page, settings: Record<string, string>): Promise<void> {
  await page.evaluate("document.querySelectorAll('details.group').forEach((d) => d.open = true)");
  for (const [key, text] of Object.entries(settings)) await page.fill(`#setting-${key}`, text);
}

/** Waits until the page is ready to train. */
export async function ready(page: Page): Promise<void> {
  await page.waitForSelector("#start:not([disabled])", { timeout: 30_000 });
}

/** Waits for the end of an experiment that is not the page's example. */
export async function finished(page: Page): Promise<void> {
  await page.waitForSelector('#run[data-of="reader"] #result:not([hidden])', { timeout: 90_000 });
}

/** Waits until an expression is true in the page, whose policy lets it evaluate none by itself. */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!await page.evaluate<boolean>(expression)) {
    if (performance.now() > deadline) throw new Error(`never true: ${expression}`);
    await page.waitForTimeout(100);
  }
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  /** Wall time and processor time, in microseconds. */
  dur?: number;
  tdur?: number;
  args: { name?: string };
}

/**
 * Watches the page's main thread; the function that it gives ends that, and gives the longest task
 * in milliseconds of that thread's own processor time: on a busy machine it waits for its turn
 * besides, which is not the page's doing.
 */
export async function watchMainThread(page: Page): Promise<() => Promise<number>> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    events.push(...value as unknown as TraceEvent[]);
  });
  await session.send("Tracing.start", {
    traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"] },
    transferMode: "ReportEvents",
  });
  return async () => {
    const complete = new Promise<void>((resolve) => {
      session.once("Tracing.tracingComplete", () => resolve());
    });
    await session.send("Tracing.end");
    await complete;
    const threads = new Set(
      events.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain")
        .map(({ pid, tid }) => `${pid} ${tid}`),
    );
    const tasks = events.filter((e) =>
      /RunTask|ThreadControllerImpl::RunTask/.test(e.name) && threads.has(`${e.pid} ${e.tid}`)
    );
    if (tasks.length === 0) throw new Error("the trace has no task of the page's main thread");
    return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
  };
}
