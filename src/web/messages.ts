/**
 * The messages between the page and the worker. The page sends requests, each of which gets one
 * reply or one error; during a run, the worker sends events too. Plain data alone: types, no code.
 *
 * A run is asked for as on the command line: the task's name and the same list of arguments, which
 * the worker reads with the flags of that task's runner. The same arguments again continue it.
 */

import type { ScoreHistogram } from "../analysis/score_histogram.ts";
import type { AdapterDescription, Curves } from "../engine/mod.ts";
import type { Activity } from "../commands/progress.ts";
import type { TicketVerdict } from "../reports/verdicts/verdict.ts";
import type { RunId } from "../records/run_id.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import type { WeightEvent } from "./weights/live_weights.ts";
import type { RunWeights } from "./weights/sample.ts";

/** The tasks that the page can run. */
export type TaskName = "run-lottery" | "reinitialize" | "random-sparsity";

/** A task as it was asked for. */
export interface RunRequest {
  task: TaskName;
  args: string[];
}

/** Why nothing can be trained here, in plain words. */
export interface Obstacle {
  /** `storage`: the browser keeps no files for this page (private window, insecure address). */
  kind: "no-webgpu" | "no-adapter" | "storage";
  message: string;
}

/** The state that the worker found when it began. */
export interface Opened {
  /** Why no files can be kept; null where they can. */
  obstacle: Obstacle | null;
  /**
   * Whether runs can have MNIST: data/mnist holds its four files, or other examples in its place,
   * or the page's own server has it.
   */
  hasMnist: boolean;
  /** Whether files of CIFAR-10 were dropped here that can be trained on. */
  hasCifar: boolean;
}

/** The examples that the worker found. */
export interface FoundGpu {
  /** The GPU; null if there is none, then `obstacle` says why. Files can be viewed anyway. */
  adapter: AdapterDescription | null;
  obstacle: Obstacle | null;
}

/** An experiment in this browser's storage. */
export interface ExperimentEntry {
  /** Its folder: `results/mnist-quick`. */
  path: string;
  /** The last one of each task that was asked for in this browser; none of imports. */
  request: (RunRequest & {
    /** ISO 8601. */
    since: string;
    /** `stopped`: by the person, who need not be asked again. */
    state: "unfinished" | "stopped" | "finished";
  })[];
  /** Runs that are finished. */
  runsFinished: number;
  /** Runs that were asked for, finished ones included; null where nobody knows. */
  runsTotal: number | null;
  /** Whether to offer to continue it. */
  isUnfinished: boolean;
  /** Whether something works in it now: `here`, in this tab, or in another one. */
  inUse: "here" | "elsewhere" | null;
  /** Dataset, protocol and so on, as names and texts. */
  settings: [name: string, text: string][];
}

/** The live weights of each input. */
export interface PixelMap {
  run: RunId;
  /** Live weights of the first layer by input, row by row. */
  live: number[];
  /** Most that an input can have: the units of the first layer. */
  units: number;
  /** Width and height where the inputs are an image. */
  width: number;
  height: number;
}

/** A pruning: the live weights of each layer by their scores. */
export interface PruningScores {
  trial: number;
  /** The level whose weights were scored, and the one whose masks were made. */
  level: number;
  next: number;
  histograms: ScoreHistogram[];
}

/**
 * The kernels of a first layer that is a convolution: arrays of (height, width, channels, filters).
 */
export interface FirstKernels {
  folder: string;
  height: number;
  width: number;
  channels: number;
  filters: number;
  /** The values before training. */
  initial: Float32Array;
  /** The values after it; pruned ones are 0. */
  final: Float32Array;
  /** 1 of a live weight, 0 of a pruned one. */
  mask: Float32Array;
}

/** A finished experiment to look at. */
export interface ExperimentView {
  path: string;
  /** In order: tickets by level, then controls. */
  runs: FinishedRun[];
  /** Of the first trial's tickets, by level. */
  pixelMaps: PixelMap[];
  /** The first trial's last pruning whose scores were kept; null where none were. */
  scores: PruningScores | null;
  /** The same sentence as at the end of the task: whether the ticket won. */
  verdict: TicketVerdict;
  settings: [name: string, text: string][];
  /** Why runs are left out. */
  faults: string[];
}

/** The curves of a finished run. */
export interface RunCurves {
  folder: string;
  curves: Curves;
}

/** A network that is asked about images: a finished run's, or as it was before its training. */
export interface AskedNetwork {
  folder: string;
  isTrained: boolean;
}

/** The answer of a network to one image. */
export interface Prediction extends AskedNetwork {
  /** Probability of each class. */
  probabilities: number[];
}

/** What a network looks at. */
export interface ImageShape {
  height: number;
  width: number;
  channels: number;
  /** The name of its dataset. */
  dataset: string;
}

/** A test image, and the class that each of the networks takes it for. */
export interface TestImage {
  /** (height, width, channels) row by row, from 0 to 1. */
  pixels: number[];
  /** Null where the classes were renamed. */
  label: number | null;
  answers: number[];
}

/** How a run ended. */
export type RunEnd =
  | {
    state: "finished";
    /** The experiment's folder. */
    path: string;
    /** Table and verdict, as the task prints them. */
    text: string;
    /** The document of `--json`. */
    json: Record<string, unknown>;
  }
  /** A checkpoint is written; `run` with the same arguments resumes. */
  | { state: "paused" | "stopped"; path: string };

/** Space in this browser's storage, in bytes. */
export interface StorageSpace {
  used: number;
  quota: number;
  /** Whether the browser has promised not to clear it when space is short. */
  isPersistent: boolean;
}

/** Every request: its arguments and its reply. */
export interface Requests {
  /** Once, first: looks at the files. */
  open: [Record<string, never>, Opened];
  /** Looks for a GPU, which may be busy for long with what an earlier page has asked of it. */
  gpu: [Record<string, never>, FoundGpu];
  list: [Record<string, never>, ExperimentEntry[]];
  /** Checks arguments as `run` does, without training; an error says what is wrong. */
  check: [RunRequest, { isFine: true }];
  /** Ends when the run does. One at a time. */
  run: [RunRequest, RunEnd];
  /** Writes a checkpoint and ends the run; `isStopped`: it is not offered again. */
  pause: [{ isStopped: boolean }, { wasRunning: boolean }];
  /** MNIST's four files, raw or .gz, or the original's four .npy. */
  storeMnist: [{ files: File[] }, { stored: string[]; missing: string[]; hasMnist: boolean }];
  /** CIFAR-10's binary files, raw or .gz; `missing` says what it takes to train on them. */
  storeCifar: [{ files: File[] }, { hasCifar: boolean; missing: string | null }];
  /** The one request that may leave the page's origin: for MNIST. Sends `download` events. */
  downloadMnist: [Record<string, never>, { hasMnist: true }];
  view: [{ path: string }, ExperimentView];
  curves: [{ folders: string[] }, RunCurves[]];
  /** The weights that are drawn of finished runs of one trial, of those that can be drawn. */
  weights: [{ folders: string[] }, RunWeights[]];
  /** `pixels`: (height, width, channels), from 0 to 1, digits white on black as MNIST has them. */
  predict: [{ pixels: number[]; networks: AskedNetwork[] }, Prediction[]];
  imageShape: [{ folder: string }, ImageShape];
  /** At most `most` test images; `looked`: how many of `count` were looked at for them. */
  disagreements: [
    { networks: AskedNetwork[]; most: number },
    { images: TestImage[]; looked: number; count: number },
  ];
  /** Of a finished run; null where its first layer is no convolution. */
  kernels: [{ folder: string }, FirstKernels | null];
  /** Removes an experiment with all its files; ask the person first. */
  remove: [{ path: string }, { removed: string }];
  exportZip: [{ path: string }, Blob];
  /** `path`: where the experiment is now, a free name where its own was taken. */
  importZip: [{ file: Blob; name: string }, { path: string }];
  /** A run's folder as one safetensors file. */
  exportTicket: [{ folder: string }, Blob];
  space: [Record<string, never>, StorageSpace];
}

export type RequestName = keyof Requests;

/** The present step, for an explanation in plain words. */
export type Step = "prepare" | "train" | "prune" | "rewind" | "control" | "report";

/** The events of the worker. */
export type LaboratoryEvent =
  /** The settings, as names and texts. */
  | { type: "header"; path: string; lines: [name: string, text: string][] }
  /** Runs in all, finished ones included, and how many of them are finished. */
  | { type: "runs"; finished: number; total: number }
  /** `stage`: "level 3/10". `run`: what begins to be trained. */
  | { type: "stage"; stage: string; run: RunId }
  | { type: "step"; step: Step }
  /** The worker begins to wait for something. */
  | { type: "activity"; activity: Activity }
  | {
    type: "progress";
    stage: string;
    /** Iterations of this run that are done, and that there will be. */
    iteration: number;
    iterations: number;
    /** Work over all runs that were left when the task began, in iterations. */
    done: number;
    total: number;
    /** Of the latest iteration's batch; null before the first. */
    loss: number | null;
    /** Of the latest evaluation, from 0 to 1; null before the first. */
    accuracy: number | null;
    /** Iterations per second, all runs together; null until it is known. */
    speed: number | null;
    secondsLeft: number | null;
  }
  /** New points of a run's curves, a few times a second; those of `train` are means. */
  | { type: "points"; run: RunId; points: Curves }
  | { type: "map"; map: PixelMap }
  /** A level was pruned. */
  | { type: "scores"; scores: PruningScores }
  /** A sample of a run's weights: as they begin, and as training goes on. */
  | WeightEvent
  /** A run has ended, or was found finished. */
  | { type: "run"; summary: FinishedRun }
  /** A line that the person should read. */
  | { type: "notice"; text: string }
  /** The GPU was lost; the worker continues on a fresh one if it can, otherwise the run fails. */
  | { type: "device-lost"; text: string }
  | { type: "download"; file: string; bytes: number; total: number | null };

/** From the page. */
export interface RequestMessage<N extends RequestName = RequestName> {
  id: number;
  name: N;
  argument: Requests[N][0];
}

/** An error as it travels: its class by name, its one line, and where in the worker it arose. */
export interface ErrorMessage {
  /** `UsageError`, `LockedError`, `StorageError`, …: the classes of src/errors.ts; else a bug. */
  name: string;
  message: string;
  stack: string;
  isBug: boolean;
}

/** From the worker. */
export type WorkerMessage =
  | { id: number; reply: Requests[RequestName][1] }
  | { id: number; error: ErrorMessage }
  | { event: LaboratoryEvent };
