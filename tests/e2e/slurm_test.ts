/** Argfiles as arrays of the real Slurm; and the scripts that are submitted. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  assertSameTree,
  part,
  readTree,
  runTask,
  short,
  succeed,
  withFolder,
} from "../../tasks/lib/task_process.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";
import { startSlurm } from "./slurm.ts";

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("argfile-runner --slurm --dry-run prints scripts that a shell understands", async () => {
  await withFolder(async (folder) => {
    const lines = [1, 2, 3].map((run) => `--output-dir='${folder}/a b/trial1/0/reinit${run}'\n`);
    await Deno.writeTextFile(`${folder}/lines`, lines.join(""));
    const dryRun = (...flags: string[]) =>
      runTask("argfile-runner", ["reinitialize", `${folder}/lines`, ...flags]);
    const { code, stdout } = await dryRun(
      ...["--slurm", "--dry-run", "--array-size=8", "--time=10", "--gres=gpu:1", "--replicas=4"],
      "--sbatch=--account=lab --comment='two words'",
    );
    assertEquals(code, 0);
    for (
      const line of [
        "#SBATCH --array=1-3",
        "#SBATCH --time=10",
        "#SBATCH --gres=gpu:1",
        "#SBATCH --requeue",
        "#SBATCH --account=lab '--comment=two words'",
        `#SBATCH '--output=${folder}/a b/slurm/%A_%a.log'`,
      ]
    ) assertStringIncludes(stdout, `\n${line}\n`);
    assertMatch(stdout, / argfile-runner reinitialize .*\.txt' --wait --replicas=4 --shard "\$SL/);
    await Deno.writeTextFile(`${folder}/script`, stdout);
    const check = await new Deno.Command("/usr/bin/env", {
      args: ["bash", "-n", `${folder}/script`],
    }).output();
    assert(check.success);
    assertEquals([...Deno.readDirSync(folder)].length, 2, "nothing is made");

    const refused = async (expected: RegExp, ...flags: string[]) => {
      const { code, stderr } = await dryRun(...flags);
      assertEquals(code, 2, stderr);
      assertMatch(stderr, expected);
    };
    await refused(/^error: --time applies to --slurm: add that, or leave it out\n$/, "--time=10");
    await refused(/^error: --shard and --slurm exclude each other/, "--slurm", "--shard=1/2");
    await refused(/^error: --json and --slurm exclude each other/, "--slurm", "--json");
    await refused(/^error: --time 0:60 is over before a task trains/, "--slurm", "--time=0:60");
    await refused(/^error: --wait and --jobs exclude each other/, "--wait", "--jobs=2");
    await Deno.writeTextFile(`${folder}/lines`, "--trials=1\n");
    await refused(/^error: line 1 names no folder for its runs: add --output-dir/, "--slurm");
  });
});

/** Slurm is of Linux. */
if (Deno.build.os === "linux") {
  Deno.test("an array of Slurm, a task of which is queued again in the middle, ends as one process does", async () => {
    await withFolder(async (folder) => {
      await writePatterns(
        `${folder}/data`,
        { imageShape: [8, 8], classes: 4, train: 600, test: 100 },
      );
      const flags = [
        `--mnist-location=${folder}/data`,
        ...short("--training-len=2500", "--iterations=1"),
      ];
      const settings = flags.filter((flag) => !flag.startsWith("--iterations"));
      const experiment = (name: string) => `--experiment-path=${folder}/${name}`;
      await succeed("run-lottery", ...flags, experiment("one"));
      const submitted = `${folder}/lines`;
      for (const name of ["one", "many"]) {
        const { stdout } = await succeed(
          ...["argfile", "reinitialize", "--protocol=quick", ...settings] as const,
          ...["--trials=1", "--levels=0-1", "--runs=1-4", experiment(name)],
        );
        await Deno.writeTextFile(`${submitted}-${name}`, stdout);
      }
      await Deno.mkdir(`${folder}/slurm`);
      const slurm = await startSlurm(`${folder}/slurm`, 2);
      try {
        await slurm.sh(`cp -r ${folder}/one ${folder}/many`);
        const { code, stdout, stderr } = await runTask("argfile-runner", [
          ...["reinitialize", `${submitted}-many`, "--slurm", "--array-size=2"],
          "--checkpoint-interval=iterations:200",
        ], slurm.env);
        assertEquals(code, 0, stderr);
        const [, array, last] =
          /^array (\d+) of 2 tasks, 8 lines; last job (\d+)\n$/.exec(stdout) ?? [];
        assert(last, stdout);

        const status = async () =>
          JSON.parse((await succeed("status", `${folder}/many`, "--json", "--quiet")).stdout);
        const count = (runs: { state: string }[], state: string) =>
          runs.filter((run) => run.state === state).length;
        const waiting = await status();
        assertEquals(waiting.runs.length, 10);
        const host = await slurm.sh("hostname");
        const latest = performance.now() + 120_000;
        for (let isRunning = false; !isRunning;) {
          assert(performance.now() < latest, await slurm.sh("squeue; sinfo -N -l"));
          await sleep(500);
          const { runs, processes } = await status();
          assert(count(runs, "done") < 10, "the array ended before it was seen to run");
          const one = runs.find((run: { state: string }) => run.state === "running");
          const begun = await slurm.sh(`find ${folder}/many -name checkpoint.bin`);
          isRunning = one !== undefined && begun !== "";
          if (isRunning) assertEquals([one.host, processes[0].host], [host, host]);
        }
        const running = (await slurm.sh(`squeue -h -r -t R -j ${array} -o %K`)).split("\n")[0];
        await slurm.sh(`scontrol requeue ${array}_${running}`);
        const isQueued = () => slurm.sh("squeue -h -o %i");
        for (const end = performance.now() + 180_000; await isQueued() !== "";) {
          assert(performance.now() < end, await slurm.sh("squeue"));
          await sleep(500);
        }

        const output = await Deno.readTextFile(`${folder}/many/slurm/${last}_last.log`);
        assertMatch(output, /^10 runs: 10 done\n10 runs: 10 whole, 0 damaged, 0 unfinished$/m);
        const log = await Deno.readTextFile(`${folder}/many/slurm/${array}_${running}.log`);
        assertMatch(log, /^interrupted; to resume: deno task argfile-runner /m);
        assertMatch(log, /^4 lines: [0-4] run, [0-4] finished before, 0 failed$/m);

        const once = await succeed("argfile-runner", "reinitialize", `${submitted}-one`);
        assertMatch(once.stdout, /^8 lines: 7 run, 1 finished before, 0 failed\n$/);
        const [one, many] = await Promise.all(
          ["one", "many"].map((name) => readTree(`${folder}/${name}`, true)),
        );
        // What follows from all runs is the report's; the rest is to the byte the same.
        const isRun = /^(trial|weights|\.)/;
        assertSameTree(part(many, isRun), part(one, isRun));
      } finally {
        await slurm.stop();
      }
    });
  });
}
