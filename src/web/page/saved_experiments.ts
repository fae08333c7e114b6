/// <reference lib="dom" />
/**
 * The experiments that this browser keeps: their list, what can be done with each, the table that
 * compares some, and the offer to continue one that was interrupted.
 */

import type { LaboratoryClient } from "../client.ts";
import type { ExperimentEntry } from "../messages.ts";
import { comparisonTable } from "./comparison.ts";
import { confirmed } from "./confirm.ts";
import { byId } from "./dom.ts";
import { type ExperimentActions, showExperiments, spaceText } from "./experiments_list.ts";
import { attempt, tell, tellLeftOut, untell } from "./failures.ts";
import { fileName } from "./run/run_buttons.ts";

/** What the rest of the page does. */
export interface SavedActions extends Pick<ExperimentActions, "open" | "goOn" | "download"> {
  /** An experiment is gone. */
  onRemoved(path: string): void;
  /** The list is another one. */
  onList(): void;
}

/** Keeps the list. */
export class SavedExperiments {
  entries: ExperimentEntry[] = [];
  /** The experiments of which boxes stand on the page. */
  #offered = "";
  #compared: readonly string[] = [];

  constructor(
    private readonly client: LaboratoryClient,
    private readonly isBusy: () => boolean,
    private readonly actions: SavedActions,
  ) {}

  /** Reads and shows the list. */
  async refresh(): Promise<void> {
    await attempt(async () => {
      this.entries = await this.client.ask("list");
      this.#clearBoxes();
      const { open, goOn, download } = this.actions;
      showExperiments(this.entries, this.isBusy(), {
        ...{ open, goOn, download },
        remove: (path) => this.#remove(path),
        compare: (paths) => this.#compare(paths),
      });
      this.actions.onList();
      byId("space").textContent = spaceText(await this.client.ask("space"));
    });
  }

  /** Offers to continue an interrupted run, which is returned; null where there is none. */
  offerToGoOn(): ExperimentEntry | null {
    const entry = this.entries.find(({ isUnfinished, inUse }) => isUnfinished && inUse === null);
    const elsewhere = this.entries.find(({ inUse }) => inUse === "elsewhere");
    if (elsewhere) {
      tell({
        key: "elsewhere",
        title: "Another tab is training",
        text: `It works on ${fileName(elsewhere.path)}. Other experiments can be run here.`,
      });
    }
    if (!entry) return null;
    const runs = entry.runsTotal === null
      ? ""
      : `${entry.runsFinished} of ${entry.runsTotal} runs are finished. `;
    this.#offered = entry.path;
    tell({
      key: "continue",
      title: `${fileName(entry.path)} was interrupted`,
      text: `${runs}It can resume from its last checkpoint, as if nothing had happened.`,
      actions: [{ text: "Continue", run: () => this.actions.goOn(entry) }],
    });
    // After a reload the browser goes back to where the page was, below.
    byId("messages").scrollIntoView({ block: "center" });
    return entry;
  }

  /** Takes away the boxes of experiments that are gone, or are no longer as the boxes say. */
  #clearBoxes(): void {
    const { entries } = this;
    if (!entries.some(({ inUse }) => inUse === "elsewhere")) untell("elsewhere");
    if (!entries.some(({ path, isUnfinished }) => path === this.#offered && isUnfinished)) {
      untell("continue");
    }
    const isGone = (path: string) => !entries.some((entry) => entry.path === path);
    if (this.#compared.some(isGone)) byId("comparison").hidden = true;
  }

  #remove(path: string): Promise<void> {
    return attempt(async () => {
      const name = path.replace(/^results\//, "");
      const text = "All its files go: weights, masks, logs. A zip of it can be downloaded before.";
      if (!await confirmed(`Delete ${name}?`, text, "Delete it")) return;
      await this.client.ask("remove", { path });
      untell("left-out");
      this.actions.onRemoved(path);
      await this.refresh();
      byId("saved-title").focus();
    });
  }

  #compare(paths: string[]): Promise<void> {
    return attempt(async () => {
      const views = await Promise.all(paths.map((path) => this.client.ask("view", { path })));
      byId("comparison").replaceChildren(comparisonTable(views));
      this.#compared = paths;
      tellLeftOut(views.flatMap(({ faults }) => faults));
      byId("comparison").hidden = false;
      byId("comparison").focus();
    });
  }
}
