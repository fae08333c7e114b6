/// <reference lib="dom" />
/**
 * The experiments that this browser keeps: lists them, and what can be done with each. Takes
 * entries as the worker lists them; tells which button was pressed.
 */

import type { ExperimentEntry, StorageSpace } from "../messages.ts";
import { button, byId, el } from "./dom.ts";

/** The actions on an experiment. */
export interface ExperimentActions {
  open(path: string): void;
  goOn(entry: ExperimentEntry): void;
  download(path: string): void;
  remove(path: string): void;
  compare(paths: string[]): void;
}

/** Where an experiment stands, in a few words. */
function stateText({ runsFinished, runsTotal, inUse, request }: ExperimentEntry): string {
  const runs = runsTotal === null || runsTotal === runsFinished
    ? `${runsFinished} run${runsFinished === 1 ? "" : "s"}`
    : `${runsFinished} of ${runsTotal} runs`;
  if (inUse === "elsewhere") return `${runs}, in training in another tab`;
  if (inUse === "here") return `${runs}, in training`;
  const isOpen = request.some(({ state }) => state !== "finished");
  return isOpen ? `${runs}, not finished` : `${runs}, finished`;
}

function experimentItem(
  entry: ExperimentEntry,
  isBusy: boolean,
  actions: ExperimentActions,
  onChoice: () => void,
): HTMLElement {
  const { path, settings, inUse } = entry;
  const name = path.replace(/^results\//, "");
  const small = (text: string, run: () => void, more = {}) =>
    button(text, run, { class: "small", "aria-label": `${text} ${name}`, ...more });
  const canGoOn = entry.request.some(({ state }) => state !== "finished") && inUse === null;
  const choice = el("input", {
    type: "checkbox",
    value: path,
    "aria-label": `Compare ${name}`,
    class: "choice",
  });
  choice.addEventListener("change", onChoice);
  const told = settings.map(([key, text]) => `${key} ${text}`).join(" · ");
  return el(
    "li",
    { class: "experiment", "data-path": path },
    choice,
    el(
      "div",
      {},
      el("h3", {}, name),
      el("p", { class: "note" }, stateText(entry)),
      ...(told ? [el("p", { class: "note" }, told)] : []),
    ),
    el(
      "div",
      { class: "actions" },
      ...(canGoOn
        ? [small("Continue", () => actions.goOn(entry), isBusy ? { disabled: true } : {})]
        : []),
      small("Open", () => actions.open(path), entry.runsFinished === 0 ? { disabled: true } : {}),
      small("Download zip", () => actions.download(path)),
      small("Delete", () => actions.remove(path), {
        class: "small danger",
        ...(inUse === null ? {} : { disabled: true }),
      }),
    ),
  );
}

/** Shows the list; `isBusy` where something is in training here. */
export function showExperiments(
  entries: readonly ExperimentEntry[],
  isBusy: boolean,
  actions: ExperimentActions,
): void {
  const container = byId("experiments");
  if (entries.length === 0) {
    container.replaceChildren(
      el("p", { class: "empty" }, "None yet. The first one appears here as soon as it is started."),
    );
    return;
  }
  const chosen = () =>
    [...container.querySelectorAll<HTMLInputElement>("input.choice:checked")].map((box) =>
      box.value
    );
  const before = new Set(chosen());
  const compare = button("Compare", () => actions.compare(chosen()), {
    id: "compare",
    disabled: true,
  });
  const update = () => {
    const count = chosen().length;
    compare.disabled = count < 2;
    compare.textContent = count < 2 ? "Compare (tick two or more)" : `Compare ${count} experiments`;
  };
  const items = entries.map((entry) => experimentItem(entry, isBusy, actions, update));
  const focused = document.activeElement?.getAttribute("aria-label");
  container.replaceChildren(
    el("ul", { class: "experiments" }, ...items),
    ...(entries.length > 1 ? [el("div", { class: "actions" }, compare)] : []),
  );
  for (const box of container.querySelectorAll<HTMLInputElement>("input.choice")) {
    box.hidden = entries.length < 2;
    box.checked = before.has(box.value);
  }
  update();
  // The list is made anew; the focus stays where it was.
  if (focused && document.activeElement === document.body) {
    container.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  }
}

/** How much room is taken, and whether it is safe there. */
export function spaceText({ used, quota, isPersistent }: StorageSpace): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;
  const safety = isPersistent
    ? ""
    : " The browser may clear them when the disk is nearly full: download what matters.";
  return `${megabytes(used)} of ${megabytes(quota)} are taken.${safety}`;
}
