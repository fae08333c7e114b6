/** `train --dynamic`: masks that change during a run, and flags that do not go together. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readTree, succeed } from "../../tasks/lib/task_process.ts";
import { runNumpy } from "../numpy.ts";
import { Workplace } from "./workplace.ts";

let place: Workplace;

const settings = () => [
  `--mnist-location=${place.folder}/data`,
  ...["--layers=16", "--validation-size=20", "--training-len=60", "--test-interval=30"],
];

/** Trains a run into a folder of the workplace. */
const train = (name: string, ...args: string[]) =>
  succeed("train", ...settings(), ...args, `--output-dir=${place.folder}/${name}`);

Deno.test.beforeAll(async () => {
  place = await Workplace.make();
});

Deno.test.afterAll(() => place.remove());

Deno.test("each rule: its words, its masks over time, verified and repeated", async () => {
  const words = {
    // A tenth of 24·16 and of 16·3 weights.
    gmp: /batch 60 \(all 40 examples\), gmp every 10 iterations to 43 live weights\n/,
    set: /, set every 10 iterations \(fraction 0\.3\) to 43 live weights\n/,
    rigl: /, rigl every 10 iterations \(fraction 0\.5\) to 43 live weights\n/,
  };
  for (const [rule, pattern] of Object.entries(words)) {
    const fraction = rule === "rigl" ? ["--dynamic-fraction=.5"] : [];
    const flags = [`--dynamic=${rule}`, "--density=.1", "--dynamic-interval=10", ...fraction];
    const { stdout, stderr } = await train(rule, ...flags);
    assertMatch(stderr, pattern);
    assertMatch(stdout, /\n +9\.95% /);
    const again = await train(rule, ...flags);
    assertMatch(again.stderr, /^runs +0 of 1 to train/m);
  }
  const { stdout } = await succeed(
    "verify",
    place.folder,
    "--replay",
    `--mnist-location=${place.folder}/data`,
  );
  for (const rule of Object.keys(words)) {
    assertMatch(stdout, new RegExp(`/${rule}  repeated: \\d+ files, every bit the same\n`));
  }
  await succeed("report", `${place.folder}/rigl`, `--output-dir=${place.folder}/report`);
});

Deno.test("NumPy finds the masks over time, the start's, and zeros where weights are dead", async () => {
  const run = `${place.folder}/rigl`;
  await succeed("export", run, "--to=npz", `--output=${place.folder}/rigl.npz`);
  const script = `
import json, sys
import numpy as np
run, npz = sys.argv[1:]
archive = np.load(npz)
for layer, live in (("layer0", 38), ("layer1", 5)):
    steps = [np.load(f"{run}/mask_history/{t}/{layer}.npy") for t in (0, 10, 20, 30, 40)]
    assert [int(s.sum()) for s in steps] == [live] * 5 and steps[0].dtype == np.uint8
    assert (np.load(f"{run}/masks/{layer}.npy") == steps[-1]).all()
    assert (archive[f"masks/{layer}"] == steps[-1]).all()
    for part, mask in (("initial", steps[0]), ("final", steps[-1])):
        assert (np.load(f"{run}/{part}/{layer}.npy")[mask == 0] == 0).all()
    assert layer == "layer1" or (steps[0] != steps[1]).any()
print(json.load(open(f"{run}/run.json"))["dynamic"])`;
  assertEquals(
    await runNumpy(script, [run, `${place.folder}/rigl.npz`]),
    "{'rule': 'rigl', 'interval': 10, 'fraction': 0.5, 'live': {'layer0': 38, 'layer1': 5}}\n",
  );
});

Deno.test("masks of a ticket, or of a moment of another run, to start from", async () => {
  const masks = `${place.folder}/gmp/mask_history/20`;
  await train("from", "--dynamic=set", "--dynamic-interval=20", `--masks=${masks}`);
  const tree = await readTree(`${place.folder}/from`), before = await readTree(masks);
  for (const [file, bytes] of before) assertEquals(tree.get(`mask_history/0/${file}`), bytes);
  const { dynamic, start } = JSON.parse(tree.get("run.json")!);
  assert(start.masks !== null && dynamic.live.layer0 > 38);
});

Deno.test("flags that do not go together: one line, exit code 2", async () => {
  const mask = `--masks=${place.folder}/done/trial1/1/same_init/masks`;
  const cases: [args: string[], pattern: RegExp][] = [
    [["--density=.1"], /--density applies to dynamic sparse training: give --dynamic too/],
    [
      ["--dynamic-interval=5"],
      /--dynamic-interval applies to dynamic sparse training: give --dynamic/,
    ],
    [["--dynamic-fraction=.5"], /--dynamic-fraction applies to dynamic sparse training/],
    [["--dynamic=prune", "--density=.1"], /--dynamic expects one of gmp, set, rigl, not "prune"/],
    [["--dynamic=rigl"], /--dynamic rigl needs --density, the fraction of weights that each layer/],
    [["--dynamic=rigl", "--density=0"], /--density expects a number greater than 0 .*not "0"/],
    [["--dynamic=rigl", "--density=1.5"], /--density expects .* 1, not "1\.5"/],
    [["--dynamic=rigl", "--density=nan"], /--density expects .*not "nan"/],
    [
      ["--dynamic=rigl", "--density=.1", "--dynamic-fraction=2"],
      /--dynamic-fraction expects .*not "2"/,
    ],
    [
      ["--dynamic=gmp", "--density=.1", "--dynamic-fraction=.5"],
      /--dynamic-fraction with --dynamic gmp: it replaces no weights, so leave it out/,
    ],
    [["--dynamic=gmp", mask], /--dynamic gmp starts from the dense network: leave out --masks/],
    [["--dynamic=set", "--density=.1", mask], /--density and --masks both say how many .* one of/],
    [
      ["--dynamic=set", "--density=.1", "--kernels=sparse"],
      /--dynamic set takes the dense kernels, whose masks can change: leave out --kernels/,
    ],
    [
      ["--dynamic=rigl", "--density=.1", "--dynamic-interval=45"],
      /--dynamic-interval 45 leaves rigl no update in a run of 60 iterations: give a shorter one,/,
    ],
    [
      ["--dynamic=set", "--density=.1"],
      /--dynamic-interval 100 leaves set no update in a run of 60 iterations/,
    ],
  ];
  const output = `--output-dir=${place.folder}/new`;
  for (const [args, pattern] of cases) {
    await place.assertTaskRefuses("train", 2, [...settings(), ...args, output], pattern);
  }
});

Deno.test("a folder with a run of another rule is refused", async () => {
  await place.assertTaskRefuses(
    "train",
    1,
    [
      ...settings(),
      ...["--dynamic=set", "--density=.1", "--dynamic-interval=20"],
      `--output-dir=${place.folder}/set`,
    ],
    /set holds a run of a different experiment \(dynamic\.interval: 10, now 20\)/,
  );
});
