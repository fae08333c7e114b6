/**
 * The permissions of each task: deno.json against a table. That it is enough, the tests of the
 * tasks show.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DATASETS, PUBLISHED_NAMES } from "../../src/datasets/datasets.ts";
import { runTask, taskCommand } from "../../tasks/lib/task_process.ts";

/** A permission's values; true: whatever they are. */
type Permissions = Record<string, true | string[]>;

const ENVIRONMENT = [
  "MNIST_LOCATION",
  "DENO_WEBGPU_BACKEND",
  "XDG_RUNTIME_DIR",
  "LOTTERY_DRIVER_INSTALLED",
];
const MIRRORS = PUBLISHED_NAMES.flatMap((name) => DATASETS[name].mirrors)
  .map((mirror) => new URL(mirror).host);
/** Where github.com keeps files. */
const NET = [...MIRRORS, "raw.githubusercontent.com"];
const GPU: Permissions = { read: true, env: ENVIRONMENT, sys: ["uid"], run: ["apt-get", "deno"] };
/** A lock names its machine. */
const LOCKING: Permissions = { ...GPU, sys: ["hostname", "uid"] };
const TRAINING: Permissions = { ...LOCKING, write: true, net: NET };
const PYTHONS = ["python3", "/usr/bin/python3", "python"];

const TABLE: Record<string, Permissions> = {
  "run-lottery": TRAINING,
  "train": TRAINING,
  "reinitialize": TRAINING,
  "random-sparsity": TRAINING,
  "compare": TRAINING,
  "argfile": {},
  "argfile-runner": { ...TRAINING, run: ["apt-get", "deno", "sbatch"] },
  "download-data": { read: true, write: true, net: NET },
  "verify": LOCKING,
  "status": { read: true, sys: ["hostname"] },
  "report": { ...GPU, write: true },
  "web": { read: true, write: true, env: ["MNIST_LOCATION"], net: ["127.0.0.1"], run: ["deno"] },
  "export": { read: true, write: true },
  "bench": { ...GPU, write: true, run: ["apt-get", "deno", "lscpu", "/usr/bin/python3"] },
  "profile": GPU,
  "tune": { ...GPU, write: true },
  "torture": {
    ...{ read: true, write: true, run: ["deno"] },
    env: ["DENO_WEBGPU_BACKEND", "XDG_RUNTIME_DIR"],
  },
  "soak": { ...GPU, write: true },
  "fuzz": { read: true },
  "check": { read: true, write: true, run: ["deno"] },
  "test": {
    ...{ ...GPU, write: true, env: [...ENVIRONMENT, "TMPDIR", "TMP", "TEMP"] },
    run: ["apt-get", "deno", ...PYTHONS],
  },
};

/** The permissions among the arguments of `deno`. */
function permissionsIn(args: readonly string[]): Permissions {
  const found: Permissions = {};
  for (const arg of args) {
    const [, name, values] = /^--allow-(\w+)(?:=(.*))?$/.exec(arg) ?? [];
    if (name) found[name] = values?.split(",").sort() ?? true;
  }
  return found;
}

const sorted = (permissions: Permissions): Permissions =>
  Object.fromEntries(
    Object.entries(permissions).map(([name, values]) => [
      name,
      values === true ? true : values.toSorted(),
    ]),
  );

Deno.test("tasks may do what they need, and no more; none asks in the middle", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const found: [string, Permissions][] = [];
  for (const [name, { command }] of Object.entries<{ command: string }>(tasks)) {
    assertMatch(command, /^deno run --quiet --no-prompt --lock=deno\.lock /);
    const args = await taskCommand(name);
    assert(!args.some((arg) => /^(-A|-[RWEN]\b|--allow-all)/.test(arg)), command);
    found.push([name, permissionsIn(args)]);
  }
  const expected = Object.entries(TABLE).map(([name, permissions]) => [name, sorted(permissions)]);
  assertEquals(Object.fromEntries(found), Object.fromEntries(expected));
});

Deno.test("what the tasks may do is enough for those that no other test starts", async () => {
  const env = { MNIST_LOCATION: "" };
  for (
    const [task, ...flags] of [
      ["fuzz", "--cases=5"],
      ["soak", "--iterations=10", "--runs=10"],
      ["profile", "--iterations=10"],
    ]
  ) {
    const { code, stderr } = await runTask(task, [...flags, "--quiet"], env);
    assertEquals([task, code, stderr], [task, 0, ""]);
  }
});
