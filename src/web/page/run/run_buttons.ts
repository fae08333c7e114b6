/// <reference lib="dom" />
/** The buttons of the experiment that is shown: its files, more controls, more seeds. */

import type { LaboratoryClient } from "../../client.ts";
import { EXAMPLE_ARGS, isOfExample } from "../../example/about_example.ts";
import type { ExperimentEntry } from "../../messages.ts";
import { button, byId, el, offerDownload } from "../dom.ts";
import { attempt } from "../failures.ts";
import type { RunControl } from "./run_control.ts";
import type { RunView } from "./run_view.ts";
import { moreTrialsArgs } from "../settings/experiment_place.ts";

/** The seeds that one press adds. */
const MORE_SEEDS = 3;

/** The name of a file to keep, from an experiment's or a run's folder. */
export const fileName = (path: string) => path.replace(/^results\//, "").replaceAll("/", "-");

/** What can be done with the experiment that is shown. */
export class RunButtons {
  constructor(
    private readonly client: LaboratoryClient,
    private readonly control: RunControl,
    private readonly view: RunView,
    /** Writes arguments of run-lottery into the form, and goes there. */
    private readonly useSettings: (args: readonly string[]) => void,
  ) {}

  /** Shows the buttons that apply now. */
  show(entries: readonly ExperimentEntry[], canTrain: boolean): void {
    const isFree = canTrain && !this.control.isBusy;
    this.#showMoreSeeds(entries, isFree);
    this.#showFiles(isFree);
  }

  /** Offers an experiment as one file. */
  downloadZip(path: string): Promise<void> {
    return attempt(async () => {
      const zip = await this.client.ask("exportZip", { path });
      offerDownload(`${fileName(path)}.zip`, zip, "application/zip");
    });
  }

  /** Beside the answer: adds seeds to the experiment. */
  #showMoreSeeds(entries: readonly ExperimentEntry[], isFree: boolean): void {
    const { path, runs } = this.view.model;
    const entry = entries.find((entry) => entry.path === path);
    const trials = [...new Set(runs.map(({ trial }) => trial))];
    const args = entry && isFree ? moreTrialsArgs(entry, trials, MORE_SEEDS) : null;
    const run = (args: string[]) =>
      this.control.run({ task: "run-lottery", args }, this.view.model);
    byId("more-seeds").replaceChildren(
      ...(args
        ? [
          button(`Run ${MORE_SEEDS} more seeds`, () => run(args)),
          el("p", { class: "note" }, "They are pooled with what is here: means, with intervals."),
        ]
        : []),
    );
  }

  #showFiles(isFree: boolean): void {
    const { path, tickets, runs } = this.view.model;
    const ticket = tickets.at(-1), hasLevels = ticket !== undefined && ticket.level > 0;
    if (isOfExample(path)) {
      const use = button("Put its settings into the form", () => this.useSettings(EXAMPLE_ARGS));
      return byId("run-files").replaceChildren(use);
    }
    if (this.control.isBusy || path === "" || runs.length === 0) {
      return byId("run-files").replaceChildren();
    }
    const request = { task: "reinitialize" as const, args: [`--experiment-path=${path}`] };
    byId("run-files").replaceChildren(
      button("Download the experiment (zip)", () => this.downloadZip(path)),
      ...(hasLevels
        ? [button("Download the ticket (safetensors)", () => this.#downloadTicket(ticket.folder))]
        : []),
      ...(hasLevels && isFree
        ? [
          button(
            "Train three controls of every level",
            () => this.control.run(request, this.view.model),
          ),
        ]
        : []),
    );
  }

  #downloadTicket(folder: string): Promise<void> {
    return attempt(async () => {
      const ticket = await this.client.ask("exportTicket", { folder });
      offerDownload(`${fileName(folder)}.safetensors`, ticket, "application/octet-stream");
    });
  }
}
