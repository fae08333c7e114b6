import { assertEquals } from "@std/assert";
import { KeptTuning } from "../../../src/foundations/tuning/kept_tuning.ts";
import { DenoStorage } from "../../../src/storage/deno.ts";
import { withFolder } from "../../../tasks/lib/task_process.ts";

Deno.test("kept: of several storages on a disk that keep at once, the first counts for all", () =>
  withFolder(async (folder) => {
    const path = `${folder}/results/.tuned.json`;
    const holder = { pid: Deno.pid, host: "here", since: new Date().toISOString(), command: "x" };
    const all = await Promise.all(
      [6, 8, 10, 12].map((rows) =>
        new KeptTuning(new DenoStorage(), path).keep(
          "a",
          { measured: "", chosen: { rows }, open: [] },
          holder,
        )
      ),
    );
    assertEquals(new Set(all.map(({ chosen }) => chosen.rows)).size, 1);
    const kept = await new KeptTuning(new DenoStorage(), path).find("a", () => {});
    assertEquals(kept?.chosen, all[0].chosen);
    assertEquals([...Deno.readDirSync(`${folder}/results`)].map(({ name }) => name), [
      ".tuned.json",
    ]);
  }));
