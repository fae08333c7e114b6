/// <reference lib="dom" />
/**
 * Shows the finished example until the reader has an experiment of their own: what came of it and
 * the drawing at once, the rest of its files when the reader comes near what needs them.
 */

import type { LaboratoryClient } from "../client.ts";
import { EXAMPLE_PATH, EXAMPLE_WORDS } from "../example/about_example.ts";
import { judge } from "../../reports/verdicts/verdict.ts";
import { byId } from "./dom.ts";
import { attempt } from "./failures.ts";
import { EXAMPLE_RESULTS, type NetworkSession } from "./network/network_session.ts";
import type { RunControl } from "./run/run_control.ts";
import { RunModel } from "./run/run_model.ts";
import type { RunView } from "./run/run_view.ts";

const TITLE = "How the finished example ended";
/** Parts of the page that need the files, and how near the reader comes before they are loaded. */
const NEEDY = ["curves", "draw"], NEAR = "400px";

/** The finished example. */
export class ExampleView {
  #model: RunModel | null = null;
  #isWhole = false;
  readonly #observer = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) this.#load();
  }, { rootMargin: NEAR });

  /** @param onWhole its networks can be asked, or those of what was shown before no longer */
  constructor(
    private readonly client: LaboratoryClient,
    private readonly view: RunView,
    private readonly network: NetworkSession,
    private readonly control: RunControl,
    private readonly onWhole: (model: RunModel) => void,
  ) {}

  /** Shows it in the place of what is shown. */
  show(): void {
    if (this.#model !== null && this.view.model === this.#model) return;
    this.control.release();
    this.#model = RunModel.ofResults(EXAMPLE_PATH, EXAMPLE_RESULTS);
    this.#isWhole = false;
    this.view.open(this.#model, TITLE, EXAMPLE_WORDS);
    this.view.finish(judge(this.#model.runs).sentence, TITLE);
    this.network.openExample();
    this.onWhole(new RunModel());
    // Observed anew: it may be near already.
    this.#observer.disconnect();
    for (const id of NEEDY) this.#observer.observe(byId(id));
  }

  /** Shows it whole, and goes there. */
  async open(): Promise<void> {
    if (this.control.isBusy) return;
    this.show();
    byId("run-stage").focus({ preventScroll: true });
    byId("run").scrollIntoView();
    await this.#load();
  }

  #load(): Promise<void> {
    return attempt(async () => {
      const model = this.#model;
      if (model === null || this.#isWhole || this.view.model !== model) return;
      this.#isWhole = true;
      try {
        model.add(await this.client.ask("view", { path: EXAMPLE_PATH }));
        if (this.view.model !== model) return;
        await this.control.loadCurves();
        if (this.view.model !== model) return;
        this.view.refresh();
        this.onWhole(model);
      } catch (error) {
        this.#isWhole = false;
        throw error;
      }
    });
  }
}
