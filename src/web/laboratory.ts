/**
 * The laboratory in a browser's worker, the counterpart of tasks/lib/laboratory.ts: trains with the
 * same runners and reports what happens. One run at a time.
 */

import { openGpu } from "../engine/mod.ts";
import { InputError, InterruptedError } from "../errors.ts";
import { joinLine } from "../flags/shell_words.ts";
import type { FlagSet, FlagValues } from "../flags/flags.ts";
import { countRuns, firstError } from "../runs/job.ts";
import { Laboratory } from "../commands/laboratory.ts";
import type { OpenJob } from "../commands/runner.ts";
import { adapterText } from "../reports/verdicts/summary.ts";
import type { OpfsStorage } from "../storage/opfs.ts";
import type { LockHolder } from "../storage/storage.ts";
import { keepRequest, type KeptRequest } from "./kept_requests.ts";
import { loadHere } from "./examples.ts";
import { LiveEvents } from "./live.ts";
import type { LaboratoryEvent, RunEnd, RunRequest } from "./messages.ts";
import { readRequest } from "./runners.ts";
import { resolveProtocol } from "../commands/flags/resolve_protocol.ts";

/** Who works in a folder, for another tab. */
export function holderOf(command: string): LockHolder {
  return { pid: null, host: "this browser", since: new Date().toISOString(), command };
}

/** A run in progress. */
interface Running {
  /** Its experiment's folder; null until it is known. */
  path: string | null;
  interruption: AbortController;
  isStopped: boolean;
  ended: Promise<unknown>;
}

/** The laboratory in a worker. */
export class WebLaboratory {
  #running: Running | null = null;

  constructor(
    private readonly storage: OpfsStorage,
    private readonly send: (event: LaboratoryEvent) => void,
  ) {}

  /** The folder of the experiment that is being trained. */
  get path(): string | null {
    return this.#running?.path ?? null;
  }

  /** Trains to the end, or until it is paused. Throws what the command line would report. */
  async run(request: RunRequest): Promise<RunEnd> {
    if (this.#running) {
      throw new InputError(
        `${this.path ?? "an experiment"} is being trained in this tab: pause it first`,
      );
    }
    const { flags, runner } = readRequest(request);
    const running: Running = {
      path: null,
      interruption: new AbortController(),
      isStopped: false,
      ended: Promise.resolve(),
    };
    this.#running = running;
    const work = this.#work(request, running, flags, (context) => runner.open(flags, context));
    running.ended = work.catch(() => {});
    try {
      return await work;
    } finally {
      this.#running = null;
    }
  }

  /** Ends the run with a checkpoint; resolves when it has ended, to whether there was one. */
  async pause(isStopped: boolean): Promise<boolean> {
    const running = this.#running;
    if (!running) return false;
    running.isStopped = isStopped;
    running.interruption.abort(new InterruptedError("paused: a checkpoint is written"));
    await running.ended;
    return true;
  }

  async #work(
    request: RunRequest,
    running: Running,
    flags: FlagValues<FlagSet>,
    openJob: (context: Laboratory["context"]) => Promise<OpenJob>,
  ): Promise<RunEnd> {
    const { signal } = running.interruption;
    const live = new LiveEvents(this.send);
    live.lastPruned = lastPruned(request, flags);
    live.step("prepare");
    const laboratory = await this.#open(request, flags, live, signal);
    try {
      const open = await openJob(laboratory.context);
      running.path = open.output;
      const record = this.#begin(request, open, laboratory);
      const keep = (state: KeptRequest["state"]) => keepRequest(this.storage, { ...record, state });
      await keep("unfinished");
      try {
        signal.throwIfAborted();
        const [errors] = await laboratory.run([open.job]);
        if (errors.length > 0) throw firstError(errors);
        live.flush();
        live.step("report");
        const { text, json } = await open.report();
        await keep("finished");
        return { state: "finished", path: open.output, text, json };
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        if (running.isStopped) await keep("stopped");
        return { state: running.isStopped ? "stopped" : "paused", path: open.output };
      }
    } finally {
      live.flush();
      await laboratory.close();
    }
  }

  async #open(
    { task, args }: RunRequest,
    flags: FlagValues<FlagSet>,
    live: LiveEvents,
    signal: AbortSignal,
  ): Promise<Laboratory> {
    const { storage, send } = this;
    const { replicas, kernels, tune, checkpointInterval } = flags as TrainingFlags;
    let isFirst = true;
    return await Laboratory.open({
      ...{ storage, signal, replicas, kernels, checkpointInterval },
      tuning: tune ? "measure" : "off",
      events: live,
      openGpu: () => {
        if (!isFirst) {
          const text =
            "The GPU was lost: its driver was reset, or the machine has slept. Training " +
            "resumes from the last checkpoint as soon as the GPU is back.";
          send({ type: "device-lost", text });
        }
        isFirst = false;
        return openGpu();
      },
      holder: holderOf(joinLine([task, ...args])),
      environmentLocation: null,
      loadData: (dataset, location) => loadHere(storage, dataset, location, live.onNotice),
    });
  }

  /** Sends the settings of the run; returns the record to keep of it. */
  #begin(request: RunRequest, open: OpenJob, { context }: Laboratory): KeptRequest {
    const { runs, left } = countRuns([open.job]);
    const adapter: [string, string] = ["adapter", adapterText(context.queue.gpu.adapter)];
    const settings = open.header.map(([name, text]): [string, string] => [name, text]);
    this.send({ type: "header", path: open.output, lines: [adapter, ...settings] });
    this.send({ type: "runs", total: runs, finished: runs - left });
    return {
      ...{ path: open.output, task: request.task, args: request.args },
      ...{ since: new Date().toISOString(), state: "unfinished", runsTotal: runs, settings },
      ...{ folders: [...open.job.folders] },
    };
  }
}

type TrainingFlags =
  & Pick<
    Parameters<typeof Laboratory.open>[0],
    "replicas" | "kernels" | "checkpointInterval"
  >
  & { tune: boolean };

/** The last level of a lottery that is pruned to make another. */
function lastPruned({ task }: RunRequest, flags: FlagValues<FlagSet>): number {
  if (task !== "run-lottery") return -1;
  const { levels } = resolveProtocol(flags as Parameters<typeof resolveProtocol>[0]);
  return flags.oneShot ? 0 : levels - 1;
}
