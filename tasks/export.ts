/** `deno task export`: writes a run as one file for users of PyTorch and NumPy. */

import { UsageError } from "../src/errors.ts";
import { EXPORT_FORMATS, exportFormatOf, exportRun } from "../src/records/exported_run.ts";
import { choice, path } from "../src/flags/kinds.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { print, runTask } from "./lib/support.ts";

const task = {
  name: "export",
  summary: "Writes a run's weights, masks, biases and record as one file. Its arrays are named " +
    "initial/layer0, final/layer0, masks/layer0, initial_biases/layer0, final_biases/layer0, …; " +
    "weights have the shape (inputs, units), or (height, width, inputs, filters) for a " +
    "convolution. --presets and --masks of the other tasks accept such a file.",
  operands: ["RUN"],
  flags: {
    to: choice({
      choices: EXPORT_FORMATS,
      default: "safetensors",
      help: "safetensors, for PyTorch and others; npz, for numpy.load",
    }),
    output: path({ help: "the file to write", defaultText: "RUN.safetensors or RUN.npz" }),
  },
  examples: [
    "deno task export results/mnist-quick/trial1/10/same_init --to safetensors",
    "deno task export results/mnist-quick/trial1/10/same_init --to npz --output ticket.npz",
  ],
};

await runTask(task, async (flags, [run]) => {
  const storage = new DenoStorage();
  const output = flags.output ?? `${run.replace(/\/+$/, "")}.${flags.to}`;
  const named = exportFormatOf(output);
  if (named !== null && named !== flags.to) {
    throw new UsageError(
      `--output ${output} is named as ${named}, but --to is ${flags.to}: change one of them`,
    );
  }
  await storage.sweep(output.replace(/[^/]*$/, "") || ".", { isDeep: false });
  await storage.write(output, await exportRun(storage, run, flags.to));
  print(output);
});
