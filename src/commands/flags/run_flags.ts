/**
 * The flags of `deno task run-lottery` (DESIGN section 7), which `parseFlags`, `--help`, the page's
 * form and run.json share.
 */
import { UsageError } from "../../errors.ts";
import { boolean, choice, integer, orAuto, path, string } from "../../flags/kinds.ts";
import { interval, list, SAFE_NAME } from "../../flags/lists.ts";
import { quote } from "../../flags/flags.ts";
import { DEFAULT_EXPERIMENT_NAME } from "../../records/experiments/control_paths.ts";
import { protocolFlags } from "./protocol_flags.ts";
import { DATASET_CHOICES } from "../../datasets/datasets.ts";

/**
 * Checks that a name given by the user is that of one folder inside the experiment's, never a path.
 *
 * @param flag names the value in the error: "--experiment-name"
 * @throws UsageError for "", "../x", "a/b", ".hidden", "-x" and the like
 */
export function checkSafeName(name: string, flag: string): void {
  if (SAFE_NAME.test(name)) return;
  throw new UsageError(
    `${flag} ${quote(name)} cannot name a folder: use letters, digits, ".", "_" and "-", ` +
      `beginning with a letter or digit`,
  );
}

const DATA = "Data", EXPERIMENT = "Experiment", OUTPUT = "Output";

/** Every flag of run-lottery; those of all tasks (--quiet, --debug, --help) come with the task. */
export const runFlags = {
  dataset: choice({
    choices: DATASET_CHOICES,
    default: "auto",
    help: "auto: CIFAR-10 for protocols named conv-…; else MNIST if it is here or " +
      "can be downloaded, and without it the built-in synthetic digits",
    group: DATA,
  }),
  mnistLocation: path({
    help: "folder of the dataset: the four IDX files, x_train.npy, y_train.npy, x_test.npy, " +
      "y_test.npy, or CIFAR-10's data_batch_1.bin … test_batch.bin (raw or .gz)",
    alias: "dataLocation",
    defaultText: "data/{dataset}; for MNIST MNIST_LOCATION of the environment first",
    group: DATA,
  }),
  permuteLabels: boolean({
    help: "train on labels renamed by a random permutation of the classes",
    group: DATA,
  }),
  trainOrderSeed: integer({
    min: 0,
    help: "seed of the order of the training examples alone",
    defaultText: "from --seed",
    group: DATA,
  }),
  seed: integer({
    min: 0,
    default: 0,
    help: "fixes every random choice: split, initialization, order, controls",
    group: EXPERIMENT,
  }),
  presets: path({
    help: "weights to start from instead of random ones: a folder of .npy by layer name, a run's " +
      "folder, or an exported file",
    group: EXPERIMENT,
  }),
  masks: list({
    help:
      "masks to start from: folders of .npy by layer name, runs' folders, or exported files; of " +
      "several, the union. For paths with commas give it once for each",
    placeholder: "PATH,…",
    group: EXPERIMENT,
  }),
  control: boolean({
    default: true,
    help: "leave out the last level's reinitialized control",
    group: EXPERIMENT,
  }),
  oneShot: boolean({
    help:
      "prune once: each level's masks are the full network's, pruned by its own final weights as " +
      "far as that level of the usual experiment",
    group: EXPERIMENT,
  }),
  replicas: orAuto(integer({
    min: 1,
    max: 100000,
    help: "runs trained at once in one GPU program; never changes a result",
    group: EXPERIMENT,
  })),
  kernels: choice({
    choices: ["auto", "dense", "sparse"],
    default: "auto",
    help:
      "train networks as whole matrices, or as lists of live weights, faster where few are left; " +
      "changes last bits, so run.json says which, and a run keeps to it",
    group: EXPERIMENT,
  }),
  tune: boolean({
    default: true,
    help: "guess what is fast on a GPU that is not known, instead of measuring it in at most 5 " +
      "seconds and 5% of the first long run; what was measured is kept in results/.tuned.json",
    group: EXPERIMENT,
  }),
  ...protocolFlags,
  experimentPath: path({
    help: "folder of the experiment; runs land in PATH/trial{t}/{level}/{experiment name}",
    defaultText:
      "results/{dataset}-{protocol}, then what of the pruning is not the paper's: -one-shot",
    group: OUTPUT,
  }),
  outputDir: path({
    help: "folder of one trial, instead of --experiment-path; runs land in " +
      "PATH/{level}/{experiment name}",
    group: OUTPUT,
  }),
  experimentName: string({
    check: checkSafeName,
    default: DEFAULT_EXPERIMENT_NAME,
    placeholder: "NAME",
    help: "last folder of each run's path",
    group: OUTPUT,
  }),
  keepScores: boolean({
    help: "keep the scores by which weights are pruned as PATH/{level}/scores/layer0.npy, beside " +
      "the run whose weights they are of; changes no result",
    group: OUTPUT,
  }),
  resume: boolean({
    default: true,
    help: "refuse an output folder that holds runs of this experiment already, finished or not, " +
      "instead of continuing them",
    group: OUTPUT,
  }),
  checkpointInterval: interval({
    default: { seconds: 60 },
    help: "time between two checkpoints of what is being trained: seconds, stretched where they " +
      "would take more than 1% of the time, or iterations:N",
    group: OUTPUT,
  }),
  overwrite: boolean({
    help: "replace runs of a different experiment in the output folder instead of refusing",
    group: OUTPUT,
  }),
  json: boolean({ help: "print the results as one JSON document on stdout", group: OUTPUT }),
};
