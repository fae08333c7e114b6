/// <reference lib="dom" />
/**
 * Shows what the page waits for, and for how long: a GPU may take a minute over its first answer,
 * and a page that stands still looks dead.
 */

import { byId } from "./dom.ts";

/** Silence of which nothing is said while results come in. */
const QUIET_SECONDS = 3;
/** Silence that needs another word. */
const LONG_SECONDS = 20;

/** Shows what is being waited for. */
export class Waiting {
  #what = "";
  #since = 0;
  #isQuiet = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** `what` begins now. With `isQuiet` it is shown only when it takes a while. */
  begin(what: string, isQuiet = false): void {
    this.#what = what;
    this.#since = performance.now();
    this.#isQuiet = isQuiet;
    this.#timer ??= setInterval(() => this.#show(), 1000);
    this.#show();
  }

  /** Nothing is waited for. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    byId("run-wait").hidden = true;
    byId("progress").classList.remove("is-waiting");
  }

  #show(): void {
    const seconds = Math.floor((performance.now() - this.#since) / 1000);
    const isShown = !this.#isQuiet || seconds >= QUIET_SECONDS;
    const line = byId("run-wait");
    line.hidden = !isShown;
    line.textContent = waitingText(this.#what, seconds);
    byId("progress").classList.toggle("is-waiting", isShown);
  }
}

/** "Compiling the GPU’s programs · 12 s". */
function waitingText(what: string, seconds: number): string {
  const time = seconds < 2 ? "" : ` · ${seconds} s`;
  const more = seconds < LONG_SECONDS
    ? ""
    : ". No answer so far: large batches and networks take long. Stop still works.";
  return `${what}${time}${more}`;
}
