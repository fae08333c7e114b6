/** A tiny task for support_test.ts: its flag --do says how it ends. */
import { InputError, UsageError } from "../../src/errors.ts";
import { choice, integer } from "../../src/flags/kinds.ts";
import { prepareGpuEnvironment } from "../../src/engine/environment.ts";
import { ensureAdapter } from "../../tasks/lib/adapter.ts";
import { interruptible, notice, print, runTask } from "../../tasks/lib/support.ts";

const flags = {
  do: choice({
    choices: [
      "nothing",
      "print",
      "usage",
      "input",
      "bug",
      "late",
      "wait",
      "save",
      "adapter",
      "device",
    ],
    default: "nothing",
    help: "what to do",
  }),
  seed: integer({ min: 0, max: 10, default: 0, help: "a number" }),
};

await runTask(
  {
    name: "example",
    summary: "Do what is asked.",
    flags,
    examples: ["deno task example --seed 3"],
  },
  async (values) => {
    notice(`seed ${values.seed}`);
    switch (values.do) {
      case "print":
        for (let i = 0; i < 10000; i++) print(`line ${i}`);
        break;
      case "usage":
        throw new UsageError("the flags do not fit together");
      case "input":
        throw new InputError("masks/layer0.npy: 3 rows,\nnot 4");
      case "bug":
        throw new TypeError("x is undefined");
      case "late":
        Promise.reject(new InputError("thrown where no one waits"));
        await new Promise((resolve) => setTimeout(resolve, 5000));
        break;
      case "wait":
        console.log("waiting");
        await new Promise((resolve) => setTimeout(resolve, 30000));
        break;
      case "save":
        await interruptible(
          () => console.log("saving"),
          async () => {
            console.log("working");
            await new Promise((resolve) => setTimeout(resolve, 30000));
          },
        );
        break;
      case "adapter":
        await ensureAdapter("example", () => console.log("again"));
        break;
      case "device":
        prepareGpuEnvironment();
        await navigator.gpu.requestAdapter();
    }
  },
);
