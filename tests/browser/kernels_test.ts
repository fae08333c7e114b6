import { runInChromium } from "./page_tests.ts";

/** Kernels against the f64 oracle: those that training takes, and those of scores. */
const TESTS = [
  "kernels/plain_forward",
  "kernels/forward",
  "kernels/sparse/sparse_kernels",
  "kernels/loss",
  "kernels/weight_gradient",
  "kernels/activation_gradient",
  "kernels/conv",
  "kernels/pool",
  "kernels/gather",
  "kernels/evaluate",
  "kernels/nonzero",
  "kernels/permute",
  "programs/prune",
  "programs/tiles",
  "programs/derivatives",
  "programs/program",
  "programs/evaluation",
  "programs/iterations",
  "submits/submits",
  "programs/conv_program",
];

Deno.test("kernels agree with the oracle in Chromium", (context) =>
  runInChromium(
    context,
    TESTS.map((name) => `tests/engine/${name}_test.ts`),
    // If 100 iterations agree, one does; no browser runs on llvmpipe with its tiles; SwiftShader
    // takes a minute to compile all tiles of whole networks, which single kernels have here; and
    // optimizers are functions that all kernels share.
    {
      where: "page",
      leaveOut:
        /100 iterations|llvmpipe|change no bit: (LeNet|three)|bits: (momentum|nesterov|adamw)/,
    },
  ));
