/**
 * The flags of `deno task run-lottery`, which `parseFlags`, `--help`, the page's
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
    help: "auto: CIFAR-10 for protocols named conv-…; else what --mnist-location holds; else " +
      "MNIST, or the built-in synthetic digits if it cannot be downloaded",
    group: DATA,
  }),
  mnistLocation: path({
    help: "folder of the dataset, or of your own: MNIST's four IDX files; or x_train.npy, " +
      "y_train.npy, x_test.npy and y_test.npy; or CIFAR-10's data_batch_1.bin … test_batch.bin " +
      "(raw or .gz)",
    alias: "dataLocation",
    defaultText: "for MNIST the environment's MNIST_LOCATION; else data/{dataset}",
    group: DATA,
  }),
  permuteLabels: boolean({
    help: "permute the class labels at random",
    group: DATA,
  }),
  trainOrderSeed: integer({
    min: 0,
    help: "seed for the order of the training examples only",
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
    help:
      "initial weights instead of random ones: a folder of .npy files named by layer, a run's " +
      "folder, or an exported file",
    group: EXPERIMENT,
  }),
  masks: list({
    help:
      "initial masks, of several the union: folders of .npy files named by layer, runs' folders, " +
      "or exported files. If a path contains a comma, give the flag once per path",
    placeholder: "PATH,…",
    group: EXPERIMENT,
  }),
  control: boolean({
    default: true,
    help: "do not train the reinitialized control of the last level",
    group: EXPERIMENT,
  }),
  oneShot: boolean({
    help:
      "prune once: the masks of each level come from the full network's final weights, at that " +
      "level's usual density",
    group: EXPERIMENT,
  }),
  replicas: orAuto(integer({
    min: 1,
    max: 100000,
    help: "runs to train at once in one GPU program; never changes a result",
    group: EXPERIMENT,
  })),
  kernels: choice({
    choices: ["auto", "dense", "sparse"],
    default: "auto",
    help:
      "train whole matrices (dense) or lists of live weights (sparse), which are faster when few " +
      "are left; changes the last bits, so run.json records it and a resumed run keeps it",
    group: EXPERIMENT,
  }),
  tune: boolean({
    default: true,
    help: "do not measure an unknown GPU during its first long run (at most 5 seconds and 5% of " +
      "the run; kept in results/.tuned.json), but guess what is fast",
    group: EXPERIMENT,
  }),
  ...protocolFlags,
  experimentPath: path({
    help: "folder of the experiment; runs go to PATH/trial{t}/{level}/{experiment name}",
    defaultText:
      "results/{dataset}-{protocol}, and a suffix if pruning is not the paper's, such as -one-shot",
    group: OUTPUT,
  }),
  outputDir: path({
    help: "folder of one trial, instead of --experiment-path; runs go to " +
      "PATH/{level}/{experiment name}",
    group: OUTPUT,
  }),
  experimentName: string({
    check: checkSafeName,
    default: DEFAULT_EXPERIMENT_NAME,
    placeholder: "NAME",
    help: "name of each run's folder",
    group: OUTPUT,
  }),
  keepScores: boolean({
    help: "save the scores that decide pruning as PATH/{level}/scores/layer0.npy, beside the run " +
      "that was scored; changes no result",
    group: OUTPUT,
  }),
  resume: boolean({
    default: true,
    help: "refuse an output folder that already holds runs of this experiment, instead of resuming",
    group: OUTPUT,
  }),
  checkpointInterval: interval({
    default: { seconds: 60 },
    help:
      "time between two checkpoints: seconds (longer if checkpoints would take more than 1% of " +
      "the time) or iterations:N",
    group: OUTPUT,
  }),
  overwrite: boolean({
    help: "replace runs of a different experiment in the output folder, instead of refusing",
    group: OUTPUT,
  }),
  json: boolean({ help: "print the results as one JSON document on stdout", group: OUTPUT }),
};
