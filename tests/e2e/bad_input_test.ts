/**
 * Bad input to run-lottery: each case ends by itself with one line on stderr that says what, where
 * and what to do, and exit code 1 or 2; nothing that existed is changed.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertSameTree,
  readTree,
  runLottery,
  runTask,
  short,
} from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";
import { npy, Workplace } from "./workplace.ts";

let place: Workplace;

Deno.test.beforeAll(async () => {
  place = await Workplace.make();
});

Deno.test.afterAll(() => place.remove());

Deno.test("bad usage exits 2 before anything is looked at", async () => {
  const cases: [args: string[], pattern: RegExp][] = [
    [["--learnin-rate=1"], /unknown flag "--learnin-rate"; the nearest is --learning-rate /],
    [["--experiment-name=../x"], /--experiment-name "\.\.\/x" cannot name a folder: use letters/],
    [["--batch-size=0"], /--batch-size expects an integer from 1 to 65536, not "0"/],
    [["--seed=half"], /--seed expects an integer, at least 0, not "half"/],
    [["--learning-rate", "-1"], /--learning-rate expects a number greater than 0 /],
    [
      ["--optimizer=rmsprop"],
      /--optimizer expects one of sgd, momentum, nesterov, adam, adamw, not "rmsprop"/,
    ],
    [["--training-len=epochs:0"], /--training-len expects an integer from 1 /],
    [["--prune-percents=layer0=20"], /--prune-percents expects .* from 0 to 1/],
    [
      ["--prune-percents=layer9=.2"],
      /--prune-percents names "layer9", but the layers are layer0, /,
    ],
    [
      ["--layers=conv5:20"],
      /--layers expects hidden layers such as 300,100 or conv5x5v:20,pool,50/,
    ],
    [["--layers=300,pool"], /--layers has pool, which takes an image, above a dense layer: put /],
    [["--network=lenet"], /--network expects one of lenet-300-100, lenet-5, conv-2, .*not "lenet"/],
    [["--network=lenet-5", "--layers=9"], /--network lenet-5 and --layers 9 are two networks: giv/],
    [
      ["--network=conv-2", "--prune-percents=pool0=.1"],
      /--prune-percents names "pool0", but the layers are layer0, layer1, layer2, layer3, layer4/,
    ],
    [
      ["--augment=turn"],
      /--augment expects a list of crop, flip, or none, not "turn"; the nearest/,
    ],
    [["--augment=crop,flip,crop"], /--augment names crop twice; name it once/],
    [["--trials=5-1"], /--trials expects numbers from 1 to 1000 such as /],
    [["--seed"], /--seed needs a value: --seed N/],
    [["--seed=1", "--seed=2"], /--seed is given twice; give it once/],
    [["results"], /unexpected argument "results"/],
    [["--output-dir=a", "--experiment-path=b"], /--output-dir and --experiment-path exclude /],
    [
      ["--dataset=synthetic-digits", "--mnist-location=a"],
      /synthetic-digits is built in and takes no --mnist-location/,
    ],
    [["--criterion=snip"], /--criterion snip scores weights before training: add --prune-at init/],
    [
      ["--prune-at=init", "--criterion=movement"],
      /--criterion movement needs trained weights, and --prune-at init has none: use magnitude, /,
    ],
    [
      ["--prune-at=init", "--score-batches=2"],
      /--score-batches 2 applies to scores that depend on ex/,
    ],
    [["--prune-at=init", "--one-shot"], /--one-shot prunes by trained weights, and --prune-at/],
    [["--prune-at=init", "--rewind=final"], /--rewind final needs trained weights/],
    [
      ["--prune-at=init", "--criterion=erdos_renyi", "--scope=layer"],
      /--criterion erdos_renyi chooses its own: leave --scope out, or use --criterion random/,
    ],
    [
      ["--dynamic-interval=5"],
      /--dynamic-interval applies to dynamic sparse training: give --dynamic/,
    ],
    [["--dynamic=gmp", "--dynamic-fraction=.2"], /with --dynamic gmp: it replaces no weights/],
    [
      ["--dynamic=set", "--scope=global"],
      /--scope applies to levels that are pruned between runs, and/,
    ],
    [
      ["--dynamic=rigl", "--rewind=epoch:1"],
      /--rewind applies to levels that are pruned between runs/,
    ],
    [["--dynamic=rigl", "--one-shot"], /--one-shot applies to levels that are pruned between runs/],
    [["--dynamic=rigl", "--masks=a"], /--masks applies to levels that are pruned between runs/],
    [
      ["--dynamic=rigl", "--keep-scores"],
      /--keep-scores applies to prunings between or before runs, and/,
    ],
    [
      ["--mask-0=initial", "--rewind=final"],
      /--mask-0 initial leaves pruned weights untrained, an/,
    ],
    [["--rewind=epochs"], /--rewind expects final, or a point such as 0, iteration:500 or epoch:2/],
    [
      ["--rewind-learning-rate=last"],
      /--rewind-learning-rate last applies to weights that stay as/,
    ],
    [
      ["--prune-output=.2", "--prune-percents=layer2=.1"],
      /--prune-output 0.2 and --prune-percents layer2=0.1 name the same layer: give one/,
    ],
    [["--output-dir=a", "--trials=1-2"], /--output-dir "a" is the folder of one trial.*use --exp/],
  ];
  for (const [args, pattern] of cases) await place.assertRefused(2, args, pattern);
});

Deno.test("output folders that cannot be used", async () => {
  const into = (path: string, ...flags: string[]) =>
    place.elsewhere(`--experiment-path=${place.folder}/${path}`, ...flags);
  await place.assertRefused(
    1,
    into("data/x_train.npy/out"),
    /x_train\.npy\/out\S*: a part of the path is a file, not a folder; name another path/,
  );
  await place.assertRefused(
    1,
    into("new", "--experiment-name=masks"),
    /"masks" is that of a file inside a run: choose another name/,
  );
  await place.assertRefused(
    1,
    into("new", "--experiment-name=reinit1"),
    /"reinit1" is that of a control's folder: choose another name/,
  );
});

Deno.test("an output folder with another experiment: named, kept, replaced with --overwrite", async () => {
  const changes = ["--seed=3", "--learning-rate=0.01"];
  await place.assertRefused(
    1,
    place.again(...changes),
    /trial1\/0\/same_init holds a run of a different experiment \(training\.seed: 0, now 3; training\.optimizer\.learningRate: 0\.0012, now 0\.01\)/,
    /choose another folder or experiment name, or pass --overwrite to replace it/,
  );
  // A failed run replaces nothing.
  const huge = {
    "layer0.npy": npy([24, 16], new Float32Array(384).fill(1e38)),
    "layer1.npy": npy([16, 3], new Float32Array(48)),
  };
  const failing: [change: string, pattern: RegExp][] = [
    [`--masks=${place.folder}/gone`, /gone does not exist/],
    ["--layers=1000000,1000000", /does not fit/],
    [
      `--presets=${await place.write("huge", huge)}`,
      /level 0: training diverged, .*iteration 0, before the first update;/,
    ],
  ];
  for (const [change, pattern] of failing) {
    await place.assertRefused(1, place.again(...changes, "--overwrite", change), pattern);
  }

  const copy = `${place.folder}/copy`, fresh = `${place.folder}/fresh`;
  await runLottery(...place.again(`--experiment-path=${copy}`));
  changes.push("--iterations=0");
  await runLottery(...place.again(...changes, `--experiment-path=${copy}`), "--overwrite");
  await runLottery(...place.again(...changes, `--experiment-path=${fresh}`));
  assertSameTree(await readTree(copy), await readTree(fresh));
});

Deno.test("training that diverges stops, says when, and saves nothing of that run", async () => {
  await writeSmallMnist(`${place.folder}/mnist`);
  const { code, stdout, stderr } = await runTask("run-lottery", [
    `--mnist-location=${place.folder}/mnist`,
    ...short("--normalization=none", "--optimizer=sgd", "--learning-rate=1000"),
    `--experiment-path=${place.folder}/diverged`,
  ]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /\nerror: ticket, trial 1, level 0: training diverged, the loss is not finite at iteration \d+; use a learning rate below 1000\n$/,
  );
  assertEquals((await readTree(`${place.folder}/diverged`)).size, 0);
});

Deno.test("points of a training that lie past its end are refused before anything is trained", async () => {
  const cases: [flags: string[], pattern: RegExp][] = [
    [
      ["--rewind=iteration:1000"],
      /rewinding: iteration 1000 lies past the end of a training of \d+/,
    ],
    [["--rewind=epoch:900"], /rewinding: iteration \d+ lies past the end of a training of \d+/],
    [
      ["--rewind=final", "--rewind-learning-rate=iteration:1000"],
      /rewinding of the learning rate: iteration 1000 lies past the end/,
    ],
    [["--iterations-per-level=1000"], /1000 iterations per level .* end after the \d+ of the tr/],
    [["--schedule=steps", "--milestones=5,1000"], /milestone 1000 lies past the end of a run of/],
  ];
  for (const [flags, pattern] of cases) {
    await place.assertRefused(1, place.elsewhere(...flags), pattern);
  }
});

Deno.test("sizes that no one has: refused at once", async () => {
  const cases: [flags: string[], pattern: RegExp][] = [
    [
      ["--layers=1000000,1000000"],
      /widths 24-1000000-1000000-3 does not fit: .* weights of layer1 take 4000 GB, and ".*" holds at most .*B in one buffer; use hidden layers of at most \d+ units/,
    ],
    [
      ["--layers=conv9x9v:4,5"],
      /layer0: a kernel of 9×9 does not fit into its image of \d×\d×1; use a smaller one or /,
    ],
    [["--layers=60000,60000"], /weights of layer1 take 14.4 GB,/],
    [["--validation-size=60"], /validation size 60 cannot be split off 60 .* from 0 to 59/],
    [["--validation-size=5000"], /validation size 5000 cannot be split off 60 training examples/],
    [
      ["--layers=4000,4000", "--trials=1-1000", "--replicas=1000"],
      /1000 networks of this shape do not fit: .* weights of layer1 take 64.\d GB, .*; use --replicas \d+ or auto/,
    ],
  ];
  for (const [flags, pattern] of cases) {
    const start = performance.now();
    await place.assertRefused(1, place.elsewhere(...flags), pattern);
    assert(performance.now() - start < 20_000, `${flags} took too long`);
  }
});
