/// <reference lib="dom" />
/** Asks before something that cannot be undone, and returns the answer. */

import { button, byId, el } from "./dom.ts";

/** Shows a question with two answers; closing it in any other way means no. */
export function confirmed(title: string, text: string, yes: string): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("dialog");
  return new Promise((resolve) => {
    const answer = (value: string) => dialog.close(value);
    dialog.replaceChildren(
      el("h2", { id: "dialog-title" }, title),
      el("p", {}, text),
      el(
        "div",
        { class: "actions" },
        // The harmless answer has the focus.
        button("Cancel", () => answer("no"), { autofocus: true }),
        button(yes, () => answer("yes"), { class: "danger" }),
      ),
    );
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
