/** The page's side of the worker: sends requests, awaits replies, and passes events on. */

import type {
  ErrorMessage,
  LaboratoryEvent,
  RequestName,
  Requests,
  WorkerMessage,
} from "./messages.ts";

/** The error of the worker. */
export class LaboratoryError extends Error {
  /** Whether it is a fault of this program, not of what was request. */
  readonly isBug: boolean;

  constructor({ name, message, stack, isBug }: ErrorMessage) {
    super(message);
    this.name = name;
    this.isBug = isBug;
    // Where the page received it tells nobody anything.
    this.stack = stack;
  }
}

/** The part of a `Worker` that the page uses. */
type Port = Pick<Worker, "postMessage" | "addEventListener" | "terminate">;

/** The name of the errors of requests that were given up with their worker. */
export const GIVEN_UP = "GivenUpError";

interface Pending {
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** The page's side of the laboratory in its worker. */
export class LaboratoryClient {
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(event: LaboratoryEvent) => void>();
  #next = 1;
  #failure: LaboratoryError | null = null;
  #port: Port;

  /** @param open starts a worker */
  constructor(private readonly open: () => Port) {
    this.#port = this.#listenTo(open());
  }

  /** Ends the worker at once and starts another; open requests are rejected. */
  restart(): void {
    this.#port.terminate();
    const message = "the worker was ended; the last checkpoint is kept";
    this.#rejectAll(
      new LaboratoryError({ name: GIVEN_UP, message, stack: message, isBug: false }),
    );
    this.#failure = null;
    this.#port = this.#listenTo(this.open());
  }

  #listenTo(port: Port): Port {
    port.addEventListener("message", (event) => {
      if (port === this.#port) this.#receive((event as MessageEvent<WorkerMessage>).data);
    });
    port.addEventListener("error", (event) => {
      if (port !== this.#port) return;
      const { message, filename, lineno, colno } = event as ErrorEvent;
      this.#fail(
        `the worker stopped (${message || "it could not be loaded"}); reload the page`,
        `${message}\n    at ${filename}:${lineno}:${colno}`,
      );
    });
    return port;
  }

  /** Asks the worker; rejects with a `LaboratoryError`. */
  ask<N extends RequestName>(
    name: N,
    ...[argument]: Requests[N][0] extends Record<string, never> ? [] : [Requests[N][0]]
  ): Promise<Requests[N][1]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      this.#port.postMessage({ id, name, argument: argument ?? {} });
    });
  }

  /** Calls `listener` with every event from now on; returns a function that ends that. */
  listen(listener: (event: LaboratoryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #receive(message: WorkerMessage): void {
    if ("event" in message) {
      for (const listener of this.#listeners) listener(message.event);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ("error" in message) pending?.reject(new LaboratoryError(message.error));
    else pending?.resolve(message.reply);
  }

  #fail(message: string, stack: string): void {
    this.#failure = new LaboratoryError({ name: "WorkerError", message, stack, isBug: true });
    this.#rejectAll(this.#failure);
  }

  #rejectAll(error: LaboratoryError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
