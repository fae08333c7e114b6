import { encodeRecord } from "../../src/records/record.ts";
/**
 * Bad input to the tasks that train single networks and controls: each case ends by itself with one
 * line on stderr that says what, where and what to do; nothing that existed is changed.
 */

import { encodeIdx } from "../../src/formats/idx.ts";
import { IMAGE, npy, Workplace } from "./workplace.ts";
import { IDX_FILES } from "../../src/datasets/published.ts";

let place: Workplace, done: string, data: string;

Deno.test.beforeAll(async () => {
  place = await Workplace.make();
  done = `--experiment-path=${place.folder}/done`;
  data = `--mnist-location=${place.folder}/data`;
});

Deno.test.afterAll(() => place.remove());

/** A folder of value sets for the two layers of the finished experiment. */
const values = (name: string, changes: Record<string, Uint8Array | null> = {}) => {
  const both = npy([2], Float32Array.of(-1, 1));
  const files = Object.entries({ "layer0.npy": both, "layer1.npy": both, ...changes });
  return place.write(name, Object.fromEntries(files.flatMap(([k, v]) => v ? [[k, v]] : [])));
};

Deno.test("reinitialize: experiments, trials and levels that are not there", async () => {
  const cases: [args: string[], pattern: RegExp][] = [
    [
      [`--experiment-path=${place.folder}/none`],
      /none holds no finished run of a lottery experiment/,
    ],
    [
      [done, "--experiment-name=other"],
      /done holds no finished run .* named other: run `deno task/,
    ],
    [
      [done, "--trials=1,3"],
      /trial 3 has no finished run of level 0 .* its trials are 1: finish it/,
    ],
    [[done, "--levels=0-9"], /trial 1 has no finished run of level 2 \(\S+trial1\/2\/same_init\)/],
  ];
  for (const [args, pattern] of cases) {
    await place.assertTaskRefuses("reinitialize", 1, [data, ...args], pattern);
  }
});

Deno.test("reinitialize: flags that exclude each other", async () => {
  const out = `--output-dir=${place.folder}/out`, masks = `--masks=${place.folder}/done`;
  const cases: [args: string[], pattern: RegExp][] = [
    [[done, "--learning-rate=.1"], /--learning-rate is for a single run, with --output-dir/],
    [[done, "--seed=3"], /--seed is for a single run/],
    [[done, masks], /--masks is for a single run/],
    [[done, "--permute-labels"], /--permute-labels is for a single run/],
    [[done, out], /--output-dir and --experiment-path exclude each other/],
    [[out, "--same-sign=x"], /give --initialization-distribution too/],
    [
      [out, "--experiment=reuse"],
      /--experiment reuse does not fit .* which is reinit: reuse takes/,
    ],
    [[out, "--runs=1-2"], /--runs names 2 numbers, but a single run has one/],
    [[done, "--experiment=reinit,resue"], /not "resue"; the nearest is reuse/],
    [[done, "--runs=0"], /--runs expects numbers from 1 to/],
  ];
  for (const [args, pattern] of cases) {
    await place.assertTaskRefuses("reinitialize", 2, [data, ...args], pattern);
  }
});

Deno.test("reinitialize: sets of values that cannot be used", async () => {
  const set = (...list: number[]) => npy([list.length], Float32Array.from(list));
  const cases: [kind: string, folder: string, pattern: RegExp][] = [
    ["reuse", `${place.folder}/nowhere`, /nowhere does not exist/],
    [
      "reuse",
      await values("lacking", { "layer1.npy": null }),
      /lacking lacks layer1\.npy: give the v/,
    ],
    [
      "reuse",
      await values("unknown", { "layer7.npy": set(1) }),
      /values of unknown layer "layer7"/,
    ],
    ["reuse", await values("empty", { "layer0.npy": set() }), /layer0\.npy are an empty array/],
    [
      "reuse",
      await values("matrix", { "layer0.npy": npy([1, 2], Float32Array.of(-1, 1)) }),
      /layer0\.npy have the shape \(1, 2\): give a one-dimensional array/,
    ],
    ["reuse", await values("nan", { "layer0.npy": set(NaN) }), /layer0\.npy: element 0 is NaN/],
    [
      "reuse_sign",
      await values("positive", { "layer1.npy": set(1, 2) }),
      /values of layer1 hold no negative value, and the weight at \[\d+, \d+\] needs one/,
    ],
    ["reuse_sign", await values("zero", { "layer0.npy": set(0, -2) }), /hold no positive value/],
  ];
  for (const [kind, folder, pattern] of cases) {
    const flags = [
      done,
      `--experiment=${kind}`,
      `--initialization-distribution=${folder}`,
      "--runs=1",
    ];
    await place.assertTaskRefuses("reinitialize", 1, [data, "--levels=1", ...flags], pattern);
  }
});

Deno.test("reinitialize: values cannot be derived while a trial is unfinished", async () => {
  await place.write("half", {});
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(to, { recursive: true });
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
      else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
    }
  };
  await copy(`${place.folder}/done/trial1`, `${place.folder}/half/trial1`);
  await copy(`${place.folder}/done/trial1/0`, `${place.folder}/half/trial2/0`);
  const half = `--experiment-path=${place.folder}/half`;
  await place.assertTaskRefuses(
    "reinitialize",
    1,
    [data, half, "--experiment=reuse", "--trials=1", "--levels=1"],
    /cannot derive the values of level 1 .*: trial 2 has no finished run there; let run-lottery/,
  );
  // Its run says that it is of trial 1.
  await place.assertTaskRefuses(
    "reinitialize",
    1,
    [data, half, "--trials=2", "--levels=0"],
    /trial2\/0\/same_init holds the run ticket, trial 1, level 0 and not the ticket of trial 2/,
  );
});

Deno.test("reinitialize: other examples than the experiment's; a damaged record", async () => {
  const other = await place.write(
    "other-data",
    Object.fromEntries(IDX_FILES.map((file, i) => {
      const count = i < 2 ? 60 : 20;
      const shape = i % 2 === 0 ? [count, ...IMAGE] : [count];
      const size = shape.reduce((a, b) => a * b);
      const step = i % 2 === 0 ? 100 : 1;
      return [file, encodeIdx(shape, Uint8Array.from({ length: size }, (_, k) => step * (k % 3)))];
    })),
  );
  await place.assertTaskRefuses(
    "reinitialize",
    1,
    [done, `--mnist-location=${other}`],
    /done\/trial1\/0\/same_init was trained on other examples than these \(custom, SHA-256/,
  );
  const path = `${place.folder}/done/trial1/1/same_init/run.json`;
  const text = await Deno.readTextFile(path);
  // As they come from elsewhere: what they say is sealed but not what a record says.
  const forged = async (change: (config: Record<string, Record<string, unknown>>) => void) => {
    const { sha256: _, files, ...record } = JSON.parse(text);
    change(record);
    const contents = await Promise.all(
      Object.keys(files).map(async (
        file,
      ): Promise<[string, Uint8Array]> => [
        file,
        await Deno.readFile(path.replace("run.json", file)),
      ]),
    );
    return new TextDecoder().decode(await encodeRecord(record, new Map(contents)));
  };
  const damages: [text: string, pattern: RegExp][] = [
    [text.slice(0, 100), /run\.json is not JSON: run the command that trained it again/],
    [text.replace('"batchSize": 60', '"batchSize": 61'), /run\.json has changed since it was wri/],
    [
      await forged((config) => config.training.batchSize = -60),
      /run\.json: training\.batchSize is not what/,
    ],
    [
      await forged((config) => (config.network.layers as { units: unknown }[])[0].units = "16"),
      /run\.json: network\.layers\.0\.units is not what/,
    ],
    [await forged((config) => config.id.kind = "tikcet"), /run\.json: id\.kind is not what/],
  ];
  try {
    for (const [damaged, pattern] of damages) {
      await Deno.writeTextFile(path, damaged);
      await place.assertTaskRefuses("reinitialize", 1, [data, done, "--levels=1"], pattern);
    }
  } finally {
    await Deno.writeTextFile(path, text);
  }
});

Deno.test("train: flags, masks and folders that cannot be used", async () => {
  const settings = ["--protocol=quick", "--layers=16", "--validation-size=20", "--training-len=10"];
  const train = (code: 1 | 2, args: string[], pattern: RegExp) =>
    place.assertTaskRefuses("train", code, [data, ...settings, ...args], pattern);
  const out = `--output-dir=${place.folder}/trained`;
  await train(2, [out, "--trials=1-2"], /--trials names 2 numbers, but a single run has one/);
  await train(2, [out, "--iterations=3"], /unknown flag "--iterations"/);
  await train(1, [out, "--masks=nowhere"], /nowhere does not exist: give a folder such as/);
  await train(
    1,
    [out, `--masks=${place.folder}/data/x_train.npy`],
    /x_train\.npy: .* not a folder/,
  );
  const other = await place.write("other-masks", {
    "layer0.npy": npy([2, 2], new Float32Array(4)),
    "layer1.npy": npy([2, 2], new Float32Array(4)),
  });
  await train(1, [out, `--masks=${other}`], /mask of layer0 has the shape \(2, 2\) where/);
  await train(
    1,
    [`--output-dir=${place.folder}/done/trial1/0/same_init`],
    /same_init holds a run of a different experiment \(id\.kind: "ticket", now "train"; .*--overwrite/,
  );
  await train(1, [`--output-dir=${place.folder}/data/x_train.npy`], /x_train\.npy.*not a folder/);
});

Deno.test("argfile-runner, argfile and export: operands that cannot be used", async () => {
  const folder = await place.write("argfiles", {
    "empty.txt": new TextEncoder().encode("# nothing\n\n"),
    "quote.txt": new TextEncoder().encode("--seed=1\n--masks='a\n"),
  });
  const cases: [task: string, code: 1 | 2, args: string[], pattern: RegExp][] = [
    ["argfile-runner", 2, [], /RUNNER is missing: RUNNER ARGFILE and flags are expected/],
    ["argfile-runner", 2, ["train"], /ARGFILE is missing/],
    ["argfile-runner", 2, ["trian", `${folder}/empty.txt`], /"trian"; the nearest is train/],
    ["argfile-runner", 1, ["train", `${folder}/none.txt`], /none\.txt: it does not exist/],
    ["argfile-runner", 1, ["train", `${folder}/empty.txt`], /empty\.txt holds no lines of flags/],
    [
      "argfile-runner",
      2,
      ["train", `${folder}/quote.txt`],
      /quote\.txt:2: what begins with ' at co/,
    ],
    ["argfile-runner", 2, ["train", "a", "b"], /unexpected argument "b"/],
    ["argfile", 2, ["lotery"], /"lotery"; the nearest is lottery/],
    ["argfile", 2, ["reinitialize", "--levels=5-3"], /--levels expects numbers/],
    ["export", 2, [], /RUN is missing: RUN and flags are expected/],
    ["export", 1, [`${place.folder}/data`], /data is not the folder of a finished run/],
    ["export", 2, [`${place.folder}/done`, "--to=pt"], /--to expects one of safetensors, npz/],
    [
      "export",
      2,
      ["x", "--to=npz", "--output=a.safetensors"],
      /is named as safetensors, but --to is npz/,
    ],
  ];
  for (const [task, code, args, pattern] of cases) {
    await place.assertTaskRefuses(task, code, args, pattern);
  }
});
