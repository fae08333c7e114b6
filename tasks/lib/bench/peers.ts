/**
 * Times what users would run instead: the scripts of tests/peers, each in a process of its own, in
 * milliseconds per training iteration at batch 60, masks applied.
 */

import { fromFileUrl } from "@std/path";
import { LOCK, ROOT } from "../toolchain.ts";

/** A script, and how it is run. */
export interface Peer {
  name: string;
  /** Iterations that take about a second. */
  iterations: number;
  /** Ways to run it; the fastest counts. */
  ways: { command: string; args: string[]; env?: Record<string, string> }[];
  /** The next action where it is missing. */
  install: string;
}

const script = (name: string) =>
  fromFileUrl(new URL(`../../../tests/peers/${name}`, import.meta.url));
/** Debian's packages belong to Debian's Python. */
const PYTHON = "/usr/bin/python3";
const THREADS = ["1", "2"];

const numpy: Peer = {
  name: "NumPy",
  iterations: 400,
  ways: THREADS.map((threads) => ({
    command: PYTHON,
    args: [script("numpy_lenet.py"), "--json"],
    env: { OPENBLAS_NUM_THREADS: threads },
  })),
  install: "apt-get install python3-numpy libopenblas0-pthread",
};

const torch = (iterations: number, file: string, ...args: string[]): Peer => ({
  name: "PyTorch",
  iterations,
  ways: THREADS.map((threads) => ({
    command: PYTHON,
    args: [script(file), "--json", "--threads", threads, ...args],
    env: { OPENBLAS_NUM_THREADS: threads, OMP_NUM_THREADS: threads },
  })),
  install: "apt-get install python3-torch libopenblas0-pthread",
});

const javascript = (
  name: string,
  file: string,
  backend: string,
  iterations: number,
  ...args: string[]
): Peer => ({
  name,
  iterations,
  ways: [{
    command: "deno",
    args: [
      "run",
      "--quiet",
      "-A",
      "--no-lock",
      "--config",
      script("deno.json"),
      script(file),
      backend,
      ...args,
    ],
  }],
  install: "let npm packages be downloaded",
});

/** Peers with LeNet-300-100 that compute on the processor by themselves. */
export const PROCESSOR_PEERS = [numpy, torch(300, "torch_lenet.py")];
/** The same of JavaScript. */
export const JAVASCRIPT_PEERS = {
  tfjsWebgpu: javascript("TensorFlow.js WebGPU", "tfjs_lenet.ts", "webgpu", 20),
  jaxjsWebgpu: javascript("jax-js WebGPU", "jaxjs_lenet.ts", "webgpu", 30),
  tfjsWasm: javascript("TensorFlow.js wasm", "tfjs_lenet.ts", "wasm", 40),
  jaxjsWasm: javascript("jax-js wasm", "jaxjs_lenet.ts", "wasm", 80),
};

/**
 * Peers with a network of convolutions.
 *
 * @param layers as `--layers` has them
 * @param image  the shape of an example
 * @param millions of multiplications of an iteration: how long it takes
 */
export function imagePeers(layers: string, image: readonly number[], millions: number) {
  const size = image.join(",");
  // A second or two of each on two cores.
  const torchCount = Math.max(2, Math.ceil(4000 / millions));
  const tfjsCount = Math.max(2, Math.ceil(400 / millions));
  return {
    torch: torch(torchCount, "torch_conv.py", "--layers", layers, "--image", size),
    tfjsWebgpu: javascript(
      "TensorFlow.js WebGPU",
      "tfjs_conv.ts",
      "webgpu",
      tfjsCount,
      layers,
      size,
    ),
  };
}

/** Milliseconds per iteration of each way of a peer; null where it cannot be run. */
export async function timePeer(peer: Peer, optimizer: string): Promise<number[] | null> {
  const times: number[] = [];
  for (const { command, args, env } of peer.ways) {
    const rest = command === PYTHON
      ? ["--optimizer", optimizer, "--iterations", `${peer.iterations}`]
      : [optimizer, `${peer.iterations}`];
    try {
      const { success, stdout } = await new Deno.Command(command, {
        args: [...args, ...rest],
        env,
        stderr: "null",
      }).output();
      if (!success) return null;
      times.push(JSON.parse(new TextDecoder().decode(stdout)).ms_per_iteration);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }
  return times;
}

/** Milliseconds per iteration in Chromium: medians of ours and TensorFlow.js's, or null. */
export async function timeInChromium(
  rounds: number,
): Promise<{ ours: number; theirs: number } | null> {
  const pages = fromFileUrl(new URL("../../../tests/browser/time_pages.ts", import.meta.url));
  // In a process of its own: what drives the browser wants all permissions.
  const { success, stdout } = await new Deno.Command("deno", {
    args: ["run", "--quiet", LOCK, "-A", pages, `${rounds}`],
    cwd: ROOT,
    stderr: "null",
  }).output();
  return success ? JSON.parse(new TextDecoder().decode(stdout)) : null;
}
