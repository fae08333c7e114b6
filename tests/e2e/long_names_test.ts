/** Names that are too long for the file system are told before anything is trained. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readTree, runLottery, runTask, short, withFolder } from "../../tasks/lib/task_process.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";

Deno.test("a name with which not every file can be written is refused before training", async () => {
  await withFolder(async (folder) => {
    await writePatterns(`${folder}/data`, { imageShape: [6, 4], classes: 3, train: 60, test: 20 });
    const data = `--mnist-location=${folder}/data`;
    const flags = [data, ...short("--layers=8", "--iterations=1", "--validation-size=20")];
    const single = flags.filter((flag) => !flag.startsWith("--iterations"));
    const path = `--experiment-path=${folder}/e`, deep = `${"d".repeat(200)}/`.repeat(19);
    const before = await readTree(folder, true);
    const refused: [task: string, args: string[]][] = [
      ["run-lottery", [...flags, path, `--experiment-name=${"n".repeat(250)}`]],
      // Its chart's name fits, but not while it is written.
      ["run-lottery", [...flags, path, `--experiment-name=${"n".repeat(210)}`]],
      ["run-lottery", [...flags, `--experiment-path=${folder}/${deep}e`.padEnd(4000, "f")]],
      ["train", [...single, `--output-dir=${folder}/${"n".repeat(251)}`]],
    ];
    for (const [task, args] of refused) {
      const { code, stdout, stderr } = await runTask(task, args);
      assertEquals([code, stdout], [1, ""]);
      assert(!/iteration/.test(stderr), stderr);
      assertMatch(
        stderr,
        /(^|\n)error: cannot write [^\n]+: the name is too long; choose a shorter one\n$/,
      );
      assertEquals(await readTree(folder, true), before);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["data"]);
    }
    const longest = "n".repeat(200);
    await runLottery(...flags, path, `--experiment-name=${longest}`);
    const { code, stderr } = await runTask("random-sparsity", [
      data,
      path,
      `--experiment-name=${longest}`,
      "--runs=1",
    ]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /\nerror: cannot write [^\n]+: the name is too long; choose a shorter one\n$/,
    );
  });
});
