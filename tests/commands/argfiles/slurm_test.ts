/** The scripts of an array: what they do with signals, and how they are written. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  arrayScript,
  isTooShort,
  lastScript,
  type SlurmArray,
} from "../../../src/commands/argfiles/slurm.ts";
import { namedRuns, readLine } from "../../../src/commands/argfiles/argfile_jobs.ts";
import { findRunner } from "../../../src/commands/mod.ts";

const ARRAY: SlurmArray = {
  ...{ runner: "reinitialize", argfile: "/e/slurm/1.txt", flags: [], size: 3 },
  ...{ experiments: ["/e"], logs: "/e/slurm", config: "/lab/deno.json", cwd: "/lab", sbatch: [] },
};

/** In the place of `deno` and `scontrol`; they say what becomes of them in a file. */
const LISTENS = `#!/bin/bash
trap 'echo TERM >> said; [ -e stopping ] && exit 130; touch stopping; (sleep 1.5; kill -USR2 $$) &' TERM
trap 'exit 130' USR2
echo "$*" >> said
touch ready
while :; do sleep 0.05; done
`;
const DIES = `#!/bin/bash
touch ready
exec sleep 60
`;
const ENDS = `#!/bin/bash
touch ready
exit $(cat code)
`;
const SCONTROL = `#!/bin/bash
echo "scontrol $*" >> said
`;

/** Runs the script of task 2 of array 7; sends it signals, some time apart. */
async function runScript(deno: string, signals: Deno.Signal[], code = 0) {
  const folder = await Deno.makeTempDir();
  try {
    const write = (name: string, text: string) =>
      Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o755 });
    await write("deno", deno);
    await write("scontrol", SCONTROL);
    await write("code", `${code}`);
    await write("script", arrayScript(ARRAY));
    const child = new Deno.Command("/usr/bin/env", {
      args: ["bash", "script"],
      cwd: folder,
      env: {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        SLURM_ARRAY_JOB_ID: "7",
        SLURM_ARRAY_TASK_ID: "2",
      },
      stdout: "null",
      stderr: "null",
    }).spawn();
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const isReady = () => Deno.stat(`${folder}/ready`).then(() => true, () => false);
    while (!await isReady()) await sleep(20);
    for (const signal of signals) {
      await sleep(300);
      child.kill(signal);
    }
    const status = await child.status;
    const said = await Deno.readTextFile(`${folder}/said`).catch(() => "");
    return { code: status.code, said: said.split("\n").slice(0, -1) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (Deno.build.os === "linux") {
  const task = "task --quiet --config /lab/deno.json --cwd /lab argfile-runner reinitialize " +
    "/e/slurm/1.txt --wait --shard 2/3";
  const again = "scontrol requeue 7_2";

  Deno.test("an array's script: USR1 keeps checkpoints and queues the task again, TERM does not", async () => {
    assertEquals(await runScript(LISTENS, ["SIGUSR1"]), {
      code: 130,
      said: [task, "TERM", again],
    });
    assertEquals(await runScript(LISTENS, ["SIGTERM"]), { code: 130, said: [task, "TERM"] });
  });

  Deno.test("an array's script: each signal is handed on, and the first decides no less", async () => {
    assertEquals(await runScript(LISTENS, ["SIGTERM", "SIGTERM"]), {
      code: 130,
      said: [task, "TERM", "TERM"],
    });
    assertEquals(await runScript(LISTENS, ["SIGUSR1", "SIGTERM"]), {
      code: 130,
      said: [task, "TERM", "TERM", again],
    });
  });

  Deno.test("an array's script: a signal that comes before the program listens loses no task", async () => {
    assertEquals(await runScript(DIES, ["SIGUSR1"]), { code: 143, said: [again] });
    assertEquals(await runScript(DIES, ["SIGTERM"]), { code: 143, said: [] });
  });

  Deno.test("an array's script ends as its task does", async () => {
    for (const code of [0, 1, 2, 130]) {
      assertEquals(await runScript(ENDS, [], code), { code, said: [] });
    }
  });
}

Deno.test("scripts: options are written as Slurm reads them, for the last job too", () => {
  const array = {
    ...ARRAY,
    logs: "/a %j/slurm",
    cwd: "/it's",
    sbatch: ["--account=lab", "--comment=a\\b c"],
  };
  for (const [script, log] of [[arrayScript(array), "%A_%a"], [lastScript(array), "%j_last"]]) {
    // Measured with Slurm 22.05: %% is a %, \\ a \, also in quotes.
    assertStringIncludes(script, `\n#SBATCH '--output=/a %%j/slurm/${log}.log'\n`);
    assertStringIncludes(script, `\n#SBATCH '--chdir=/it'\\''s'\n`);
    assertStringIncludes(script, `\n#SBATCH --account=lab '--comment=a\\\\b c'\n`);
  }
});

Deno.test("a time limit has to be longer than the minute in which a task stops", () => {
  // The formats of sbatch's manual: minutes, minutes:seconds, hours:minutes:seconds, days-hours, …
  for (const time of ["1", "01", "0:30", "1:00", "0:01:00", "0-0:1", "0-0:0:60"]) {
    assert(isTooShort(time), time);
  }
  const others = ["2", "1:30", "0:01:30", "1:00:00", "1-0", "0-1", "0-0:2", "4:00:00"];
  for (const time of [...others, "0", "0:00", "UNLIMITED", "", "soon", "1:2:3:4"]) {
    assert(!isTooShort(time), time);
  }
});

Deno.test("lines: the runs that they name are known before they are opened", () => {
  const named = (name: string, ...args: string[]) => {
    const runner = findRunner(name);
    return namedRuns(readLine(args, runner), runner);
  };
  assertEquals(named("lottery", "--output-dir=e/trial3/", "--trials=3", "--iterations=2"), [
    "e/trial3/0/same_init",
    "e/trial3/1/same_init",
    "e/trial3/2/same_init",
  ]);
  assertEquals(
    named(
      "lottery",
      "--experiment-path=e",
      "--trials=1-2",
      "--iterations=0",
      "--experiment-name=x",
    ),
    ["e/trial1/0/x", "e/trial2/0/x"],
  );
  assertEquals(named("reinitialize", "--output-dir=e/trial1/2/reinit1/"), ["e/trial1/2/reinit1"]);
  assertEquals(named("reinitialize", "--experiment-path=e"), []);
});
