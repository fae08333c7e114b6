/// <reference lib="dom" />
/**
 * Gives the drawing of the network its runs: those that are trained, those of a saved experiment,
 * or the example.
 */

import type { LaboratoryClient } from "../../client.ts";
import type { LaboratoryEvent } from "../../messages.ts";
import { isShown } from "../../weights/shown_runs.ts";
import { isOfExample } from "../../example/about_example.ts";
import type { RunModel } from "../run/run_model.ts";
import { decodeExample } from "./example_file.ts";
import type { NetworkView } from "./network_view.ts";
import { Recording } from "./recording.ts";
import { SHOWN_EXAMPLE } from "./shown_example.ts";

const ORIGIN = "The finished example";

/** The runs of the drawing. */
export class NetworkSession {
  #model: RunModel | null = null;
  #recording = new Recording();
  #isOpen = false;
  #isLive = false;
  #isFetching = false;
  #isExample = false;
  /** The trial that is drawn. */
  #trial = 1;

  constructor(
    private readonly client: LaboratoryClient,
    private readonly view: NetworkView,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Shows the finished example, of which more frames are kept than its files have. */
  openExample(): void {
    this.#model = null;
    this.#isLive = false;
    if (!this.#isExample) this.view.open(decodeExample(SHOWN_EXAMPLE), ORIGIN, false);
    this.#isExample = true;
  }

  /** Shows an experiment; `isLive`: one that is being trained. */
  open(model: RunModel, isLive: boolean): void {
    if (isOfExample(model.path)) return this.openExample();
    if (model !== this.#model) this.#recording = new Recording();
    this.#model = model;
    this.#isLive = isLive;
    this.#isOpen = false;
    const before = this.#isExample ? ORIGIN.toLowerCase() : "the experiment before";
    if (isLive) this.view.wait(`Still ${before}: your own run comes next`);
    this.#show();
    this.fetch();
  }

  /** Takes what the worker tells. */
  receive(event: LaboratoryEvent): void {
    if (!this.#recording.receive(event)) return;
    this.#show();
    if (event.type === "run" && event.summary.found) this.fetch();
  }

  /** Training has ended. */
  end(): void {
    this.#isLive = false;
    this.view.end(this.#named("Your own run"));
    if (this.#isOpen) return this.#show();
    // Nothing was trained that could be drawn.
    this.#isExample = false;
    this.openExample();
  }

  /** Reads the weights of finished runs that were not trained before the page's eyes. */
  async fetch(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      for (;;) {
        const model = this.#model, recording = this.#recording;
        const runs = model?.runs.filter((run) => run.trial === model.trial && isShown(run)) ?? [];
        if (runs.every((run) => recording.has(run))) return;
        const folders = runs.map(({ folder }) => folder);
        const weights = await this.client.ask("weights", { folders });
        if (model !== this.#model) continue;
        recording.add(runs, weights);
        this.#show();
        // What cannot be read or drawn is not asked for again.
        return;
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.#isFetching = false;
    }
  }

  #show(): void {
    const model = this.#model, recording = this.#recording;
    if (model === null) return;
    const trial = (this.#isLive ? recording.liveTrial : null) ?? model.trial;
    const runs = recording.runsOf(trial);
    if (runs.length === 0) return;
    if (this.#isOpen && trial === this.#trial) return this.view.update(runs);
    this.#isOpen = true;
    this.#isExample = false;
    this.#trial = trial;
    const origin = this.#isLive ? "Your own run, as it trains" : "This experiment’s own weights";
    this.view.open(runs, this.#named(origin), this.#isLive);
  }

  /** The origin with the trial that is drawn, where there are several. */
  #named(origin: string): string {
    const trials = new Set([this.#trial, ...this.#model?.runs.map(({ trial }) => trial) ?? []]);
    return trials.size > 1 ? `${origin}, trial ${this.#trial}` : origin;
  }
}
