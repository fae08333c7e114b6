/// <reference lib="dom" />
/** The tab's title: how far a training is, and what came of it, for whoever looks elsewhere. */

import type { Call } from "../../../reports/verdicts/call.ts";

const NAME = "Lottery tickets";

/** What there is to say. */
export type TabState =
  | { state: "idle" }
  | { state: "running" | "paused"; part: number | null }
  | { state: "finished"; call: Call["call"] | null };

/** "43% · Lottery tickets", "Done: the ticket won · Lottery tickets". */
export function tabTitle(tab: TabState): string {
  if (tab.state === "idle") return NAME;
  if (tab.state === "finished") {
    const words = tab.call === null
      ? ""
      : `: ${tab.call === "too close to call" ? tab.call : `the ticket ${tab.call}`}`;
    return `Done${words} · ${NAME}`;
  }
  const part = tab.part === null ? "" : `${Math.floor(100 * tab.part)}%`;
  const words = tab.state === "paused" ? `Paused ${part && `at ${part}`}`.trim() : part || "Begins";
  return `${words} · ${NAME}`;
}

/** Shows it. */
export function showTab(tab: TabState): void {
  document.title = tabTitle(tab);
}
