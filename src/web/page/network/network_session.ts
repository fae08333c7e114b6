/// <reference lib="dom" />
/**
 * Gives the drawing of the network its runs: those that are trained, those of a saved experiment, or
 * the example.
 */

import type { LaboratoryClient } from "../../client.ts";
import type { LaboratoryEvent } from "../../messages.ts";
import { isShown } from "../../weights/shown_runs.ts";
import type { RunModel } from "../run/run_model.ts";
import example from "./example.json" with { type: "json" };
import { decodeExample, type ExampleFile } from "./example_file.ts";
import type { NetworkView } from "./network_view.ts";
import { Recording } from "./recording.ts";

const EXAMPLE = example as unknown as ExampleFile;
const EXAMPLE_WORDS = `Recorded example: ${EXAMPLE.title}`;

/** The runs of the drawing. */
export class NetworkSession {
  #model: RunModel | null = null;
  #recording = new Recording();
  #isOpen = false;
  #isLive = false;
  #isFetching = false;

  constructor(
    private readonly client: LaboratoryClient,
    private readonly view: NetworkView,
    private readonly onError: (error: unknown) => void,
  ) {
    this.close();
  }

  /** Shows the example. */
  close(): void {
    this.#model = null;
    this.#isLive = false;
    this.view.open(decodeExample(EXAMPLE), EXAMPLE_WORDS, false);
  }

  /** Shows an experiment; `isLive`: one that is being trained. */
  open(model: RunModel, isLive: boolean): void {
    if (model !== this.#model) this.#recording = new Recording();
    this.#model = model;
    this.#isLive = isLive;
    this.#isOpen = false;
    if (isLive) this.view.wait(`${EXAMPLE_WORDS}. Your own network comes next`);
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
    this.view.end();
    // Nothing was trained that could be drawn.
    if (!this.#isOpen) this.close();
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
    const { runs } = this.#recording;
    if (runs.length === 0) return;
    if (this.#isOpen) return this.view.update(runs);
    this.#isOpen = true;
    const origin = this.#isLive ? "Your network, as it trains" : "This experiment’s own weights";
    this.view.open(runs, origin, this.#isLive);
  }
}
