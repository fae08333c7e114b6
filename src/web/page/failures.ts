/// <reference lib="dom" />
/** Messages to the person: what went wrong in plain words, and what to do about it. */

import { inLabels } from "./settings/setting_words.ts";
import { GIVEN_UP, LaboratoryError } from "../client.ts";
import type { Obstacle } from "../messages.ts";
import { button, byId, el } from "./dom.ts";

/** Something to do, as a button. */
export interface Action {
  text: string;
  run(): void;
}

/** The content of a message. */
export interface Message {
  /** Messages of one key replace each other. */
  key: string;
  title: string;
  text?: string;
  advice?: string[];
  /** The program's own words, for whoever wants them. */
  detail?: string;
  isFailure?: boolean;
  actions?: Action[];
}

/** Shows a message under the heading of the page, in the place of an older one of its key. */
export function tell(message: Message): void {
  const { key, title, text, advice = [], detail, actions = [] } = message;
  const element = el(
    "div",
    { class: message.isFailure ? "message message-failure" : "message", "data-key": key },
    el("h3", {}, title),
    ...(text ? [el("p", {}, text)] : []),
    ...(advice.length > 0 ? [el("ul", {}, ...advice.map((line) => el("li", {}, line)))] : []),
    ...(detail ? [el("details", {}, el("summary", {}, "Details"), el("p", {}, detail))] : []),
    el(
      "div",
      { class: "actions" },
      ...actions.map(({ text, run }, i) =>
        button(text, () => {
          element.remove();
          run();
        }, { class: i === 0 ? "small primary" : "small" })
      ),
      button("Close", () => element.remove(), { class: "small" }),
    ),
  );
  untell(key);
  byId("messages").prepend(element);
  if (message.isFailure) element.scrollIntoView({ block: "nearest" });
}

/** Says which runs of an experiment are not shown; replaces an older such message. */
export function tellLeftOut(faults: readonly string[]): void {
  const key = "left-out", more = faults.length - MOST_FAULTS;
  if (faults.length === 0) return untell(key);
  tell({
    key,
    title: "Damaged runs are left out",
    text: "Delete the experiment, then train or import it again.",
    advice: [...faults.slice(0, MOST_FAULTS), ...(more > 0 ? [`And ${more} more.`] : [])],
  });
}

/** Damaged runs that are named. */
const MOST_FAULTS = 5;

/** Takes a message away. */
export function untell(key: string): void {
  byId("messages").querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
}

const OBSTACLES: Record<Obstacle["kind"], { title: string; advice: string[] }> = {
  "no-webgpu": {
    title: "This browser has no WebGPU, so it cannot train here",
    advice: [
      "Use Chrome or Edge from version 121 on, on a computer; on Linux or an older machine " +
      "WebGPU may have to be turned on at chrome://flags/#enable-unsafe-webgpu.",
      "Open the page at http://127.0.0.1, http://localhost or an https address: browsers hide " +
      "WebGPU from all others.",
      "You can still open saved experiments and zips.",
    ],
  },
  "no-adapter": {
    title: "WebGPU is here, but it found no GPU to work on",
    advice: [
      "Turn on “Use graphics acceleration” in the browser’s settings, then restart the browser.",
      "Update the graphics driver; chrome://gpu shows what the browser found.",
      "Without a GPU, Chrome can compute on the processor; the details below say how.",
    ],
  },
  "storage": {
    title: "The browser keeps no files for this page",
    advice: [
      "Leave the private window, which stores nothing.",
      "Open the page at http://127.0.0.1, http://localhost or an https address.",
      "Allow this page to store data in the browser’s settings for it.",
    ],
  },
};

/** The obstacle to any training, and what can be done all the same. */
export function tellObstacle({ kind, message }: Obstacle, actions: Action[]): void {
  tell({ key: "obstacle", ...OBSTACLES[kind], detail: message, isFailure: true, actions });
}

const FAILURES: Record<string, { title: string; advice?: string[] }> = {
  UsageError: { title: "These settings do not fit together" },
  LockedError: {
    title: "Another tab is working on this experiment",
    advice: ["Continue in that tab, or close it and try again here."],
  },
  DeviceLostError: {
    title: "The GPU was lost, and no other could be opened",
    advice: [
      "Everything up to the last checkpoint is kept: reload the page, then continue.",
      "This happens when the driver restarts, the computer sleeps, or memory runs out. Close " +
      "other pages that use the GPU.",
    ],
  },
  OutOfMemoryError: {
    title: "The GPU does not have enough free memory",
    advice: ["Set “Runs at once” to 1, use a smaller batch, or close other pages."],
  },
  CapacityError: { title: "This is too large for the GPU" },
  DivergedError: {
    title: "Training diverged: the loss is no longer a number",
    advice: ["Use a smaller learning rate, under Settings."],
  },
  QuotaError: {
    title: "The browser's storage for this page is full",
    advice: [
      "Download experiments that you want to keep as zips, then delete them under Saved.",
      "Finished runs are not damaged; continue when there is room.",
    ],
  },
  StorageError: {
    title: "A file could not be read or written",
    advice: ["Finished runs are kept. If space is short, delete saved experiments."],
  },
  FormatError: { title: "This file cannot be used" },
  InputError: { title: "These values cannot be used" },
  WorkerError: {
    title: "The part of the page that trains has stopped",
    advice: ["Reload the page. Everything up to the last checkpoint is kept."],
  },
};

/** The same of a file that was chosen or dropped. */
export function tellFileError(error: unknown): void {
  tellError(error, "error", [], {
    ...FAILURES,
    InputError: { title: "The page cannot use this file" },
  });
}

/** An error in plain words; whatever is not known is called a fault of this program. */
export function tellError(
  error: unknown,
  key = "error",
  actions: Action[] = [],
  failures = FAILURES,
): void {
  const message = error instanceof Error ? error.message : `${error}`;
  const name = error instanceof Error ? error.name : "";
  if (name === GIVEN_UP) return; // The person has stopped the worker, and sees so.
  const isFull = /quota/i.test(name + message);
  const known = failures[isFull ? "QuotaError" : name];
  if (error instanceof LaboratoryError ? !error.isBug || known : known) {
    const { title, advice } = known ?? { title: "That did not work" };
    tell({ key, title, text: inLabels(message), advice, isFailure: true, actions });
  } else {
    tell({
      key,
      title: "This is a bug in this program",
      text:
        "Reload the page; experiments are kept. Please report what you did, with the details below.",
      detail: error instanceof Error ? error.stack ?? message : message,
      isFailure: true,
      actions,
    });
  }
}

/** Does something that may fail, and shows the failure. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tellError(error);
  }
}
