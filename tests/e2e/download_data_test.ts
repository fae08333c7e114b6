/**
 * download-data on files that are there already: verified, kept, and written as the original's
 * arrays.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { runNumpy } from "../numpy.ts";
import { isRealMnist, mnistLocation } from "../../tasks/lib/mnist_location.ts";
import { runTask, withFolder } from "../../tasks/lib/task_process.ts";

// Reads the IDX files by their published description, and the arrays with NumPy.
const COMPARE = `
import gzip, os, struct, sys
import numpy as np
folder = sys.argv[1]
def idx(stem):
    path = os.path.join(folder, stem)
    raw = gzip.open(path + ".gz").read() if os.path.exists(path + ".gz") else open(path, "rb").read()
    kind, rank = raw[2], raw[3]
    assert raw[:2] == bytes(2) and kind == 8
    shape = struct.unpack(f">{rank}I", raw[4:4 + 4 * rank])
    return np.frombuffer(raw, "u1", offset=4 + 4 * rank).reshape(shape)
for name, stem in dict(x_train="train-images-idx3-ubyte", y_train="train-labels-idx1-ubyte",
        x_test="t10k-images-idx3-ubyte", y_test="t10k-labels-idx1-ubyte").items():
    array = np.load(os.path.join(folder, name + ".npy"))
    assert array.dtype == np.uint8 and (array == idx(stem)).all(), name
    print(array.shape)
`;

Deno.test("download-data --format npy: the IDX files are kept, beside them the four arrays", () =>
  withFolder(async (folder) => {
    const location = await mnistLocation();
    for await (const { name } of Deno.readDir(location)) {
      if (name.includes("ubyte")) {
        await Deno.writeFile(`${folder}/${name}`, await Deno.readFile(`${location}/${name}`));
      }
    }
    const { code, stdout, stderr } = await runTask("download-data", [
      `--mnist-location=${folder}`,
      "--format=npy",
    ]);
    if (code !== 0 && !isRealMnist(location)) {
      // The stand-in is not MNIST, and there may be no network to get it from.
      assertEquals([code, stdout], [1, ""]);
      return assertMatch(stderr, /^error: (?!internal)[^\n]+\n$/m);
    }
    assertEquals([code, stdout], [0, `mnist is in ${folder}, verified\n`], stderr);
    assertEquals(
      await runNumpy(COMPARE, [folder]),
      "(60000, 28, 28)\n(60000,)\n(10000, 28, 28)\n(10000,)\n",
    );
  }));
