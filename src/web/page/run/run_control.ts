/// <reference lib="dom" />
/** Starts, pauses, continues and stops training, and enables the buttons that apply. */

import { judge } from "../../../reports/verdicts/verdict.ts";
import { GIVEN_UP, type LaboratoryClient } from "../../client.ts";
import type { LaboratoryEvent, RunEnd, RunRequest } from "../../messages.ts";
import { byId } from "../dom.ts";
import { tell, tellError, untell } from "../failures.ts";
import { RunModel } from "./run_model.ts";
import { PAUSED } from "./run_words.ts";
import type { RunView } from "./run_view.ts";
import type { NetworkSession } from "../network/network_session.ts";

/** The page's reactions to changes. */
export interface RunControlActions {
  /** A run has begun or ended. */
  onState(): void;
  /** A network can be asked or looked at that could not before. */
  onRun(): void;
  /** The worker was ended in the middle, and another one was started. */
  onRestart(): void;
}

/** How long a stop waits for the GPU's answer and a checkpoint before the worker is ended. */
const PATIENCE_MS = 10_000;
const STOPPED = "Stopped; it can be continued under Saved experiments";

/** Starts, stops and continues experiments. */
export class RunControl {
  state: "idle" | "running" | "pausing" | "paused" = "idle";
  #request: RunRequest | null = null;
  #isStopping = false;
  #isFetching = false;
  #patience: ReturnType<typeof setTimeout> | null = null;
  #wasHidden = false;
  readonly #pause = byId<HTMLButtonElement>("pause");
  readonly #stop = byId<HTMLButtonElement>("stop");

  constructor(
    private readonly client: LaboratoryClient,
    private readonly view: RunView,
    private readonly network: NetworkSession,
    private readonly actions: RunControlActions,
  ) {
    this.#pause.addEventListener("click", () => {
      if (this.state === "paused" && this.#request) this.run(this.#request, this.view.model);
      else this.#end(false);
    });
    this.#stop.addEventListener("click", () => this.#end(true));
    client.listen((event) => this.#receive(event));
    document.addEventListener("visibilitychange", () => this.#visibility());
    this.#showButtons();
  }

  get isBusy(): boolean {
    return this.state === "running" || this.state === "pausing";
  }

  /**
   * Trains; with the model of an experiment that is shown already, adds to that. Resolves to
   * whether it came to its end.
   */
  async run(request: RunRequest, model = new RunModel()): Promise<boolean> {
    if (this.isBusy) return false;
    this.#request = request;
    this.#set("running");
    for (const key of ["error", "continue", "hidden", "device-lost"]) untell(key);
    this.view.open(model, "Getting ready");
    this.view.begin();
    this.network.open(model, true);
    // What was asked before was another experiment's.
    this.actions.onRun();
    byId("run-stage").focus({ preventScroll: true });
    byId("network").scrollIntoView();
    let isFinished = false;
    try {
      const end = await this.client.ask("run", request);
      await this.#ended(end);
      isFinished = end.state === "finished";
    } catch (error) {
      this.#set("idle");
      if (error instanceof Error && error.name === GIVEN_UP) {
        this.view.halt("Stopped: the GPU did not answer");
      } else this.#failed(request, error);
    }
    this.network.end();
    this.actions.onState();
    return isFinished;
  }

  #failed(request: RunRequest, error: unknown): void {
    this.view.halt("Stopped by an error");
    // The same settings would fail the same way.
    const isFinal = error instanceof Error && /^(Usage|Input|Diverged)Error$/.test(error.name);
    const again = { text: "Try again", run: () => this.run(request) };
    tellError(error, "error", isFinal ? [] : [again]);
  }

  /** Forgets a paused run: another experiment is shown. */
  release(): void {
    if (this.state !== "paused") return;
    this.#request = null;
    this.#set("idle");
  }

  async #ended(end: RunEnd): Promise<void> {
    this.view.model.path = end.path;
    if (end.state !== "finished") {
      this.#set(end.state === "paused" ? "paused" : "idle");
      this.view.halt(
        end.state === "paused" ? PAUSED : STOPPED,
      );
      return;
    }
    this.#request = null;
    untell("device-lost");
    this.#set("idle");
    await this.loadCurves();
    this.view.finish(judge(this.view.model.runs).sentence);
    this.actions.onRun();
  }

  /** Fetches the curves of runs that were not trained before the page's eyes. */
  async loadCurves(): Promise<void> {
    const { model } = this.view;
    const folders = model.missingCurves;
    if (folders.length === 0) return;
    for (const { folder, curves } of await this.client.ask("curves", { folders })) {
      model.addStored(folder, curves);
    }
  }

  /** The same during training: runs that were found finished have sent no points. */
  async fetchCurves(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      for (
        const { model } = this.view;
        model === this.view.model && model.missingCurves.length > 0;
      ) {
        await this.loadCurves();
        this.view.showCurves();
      }
    } catch (error) {
      tellError(error);
    } finally {
      this.#isFetching = false;
    }
  }

  async #end(isStopped: boolean): Promise<void> {
    if (this.state === "paused" && isStopped) {
      this.view.halt(STOPPED);
      this.#request = null;
      this.#set("idle");
      return;
    }
    if (!this.isBusy || this.#isStopping) return;
    this.#isStopping = isStopped;
    this.#set("pausing");
    this.view.waitForCheckpoint();
    if (isStopped) {
      this.#patience = setTimeout(() => {
        this.client.restart();
        this.actions.onRestart();
      }, PATIENCE_MS);
    }
    try {
      await this.client.ask("pause", { isStopped });
    } catch (error) {
      tellError(error);
    }
  }

  #receive(event: LaboratoryEvent): void {
    if (event.type === "download") return;
    if (event.type === "device-lost") {
      tell({
        key: "device-lost",
        title: "The GPU was lost; the training resumes by itself",
        text: "The browser took the GPU away, as happens when a driver restarts or a computer " +
          "sleeps. A new one is opened, and the runs resume from their checkpoints.",
        detail: event.text,
      });
    }
    this.view.receive(event);
    this.network.receive(event);
    if (event.type !== "run") return;
    this.actions.onRun();
    this.fetchCurves();
  }

  #set(state: RunControl["state"]): void {
    this.state = state;
    if (!this.isBusy) {
      this.#isStopping = false;
      if (this.#patience !== null) clearTimeout(this.#patience);
      this.#patience = null;
    }
    this.#showButtons();
    this.actions.onState();
  }

  #showButtons(): void {
    const { state } = this;
    document.body.classList.toggle("is-running", this.isBusy);
    this.#pause.hidden = this.#stop.hidden = state === "idle";
    this.#pause.disabled = state === "pausing";
    this.#stop.disabled = this.#isStopping;
    this.#pause.textContent = state === "paused"
      ? "Continue"
      : state === "pausing"
      ? "Writing a checkpoint …"
      : "Pause";
    this.#pause.classList.toggle("primary", state === "paused");
  }

  /** Browsers give hidden tabs less time; a note says so when the tab is shown again. */
  #visibility(): void {
    if (document.hidden) this.#wasHidden = this.isBusy;
    else if (this.#wasHidden) {
      this.#wasHidden = false;
      tell({
        key: "hidden",
        title: "This tab was in the background for a while",
        text:
          "Browsers give hidden tabs less time. Training continued, perhaps more slowly; it is " +
          "fastest in a visible window of its own.",
      });
    }
  }
}
