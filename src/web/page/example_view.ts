/// <reference lib="dom" />
/**
 * Shows the finished example until the reader has an experiment of their own. All but the answers
 * of its networks comes with the page; its files are loaded when these are asked.
 */

import { EXAMPLE_WORDS } from "../example/about_example.ts";
import { byId } from "./dom.ts";
import type { NetworkSession } from "./network/network_session.ts";
import { SHOWN_EXAMPLE } from "./network/shown_example.ts";
import type { RunControl } from "./run/run_control.ts";
import { RunModel } from "./run/run_model.ts";
import type { RunView } from "./run/run_view.ts";

const TITLE = "How the finished example ended";

/** The finished example. */
export class ExampleView {
  #model: RunModel | null = null;

  /** @param onShown its networks can be asked, and those of what was shown before no longer */
  constructor(
    private readonly view: RunView,
    private readonly network: NetworkSession,
    private readonly control: RunControl,
    private readonly onShown: (model: RunModel) => void,
  ) {}

  /** Shows it in the place of what is shown. */
  show(): void {
    if (this.#model !== null && this.view.model === this.#model) return;
    this.control.release();
    const { view, curves } = SHOWN_EXAMPLE, model = RunModel.of(view);
    for (const run of curves) model.addStored(run.folder, run.curves);
    this.#model = model;
    this.view.open(model, TITLE, EXAMPLE_WORDS);
    this.view.finish(view.verdict.sentence, TITLE);
    this.network.openExample();
    this.onShown(model);
  }

  /** Goes there, unless the reader's own is in training. */
  open(): void {
    if (this.control.isBusy) return;
    this.show();
    byId("run-stage").focus({ preventScroll: true });
    byId("run").scrollIntoView();
  }
}
