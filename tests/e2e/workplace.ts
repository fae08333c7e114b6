/**
 * A folder with small examples and a finished experiment, and the assertion that bad input to a
 * task is refused: one line on stderr, the right exit code, nothing in the folder changed.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { encodeNpy, type NpyData } from "../../src/formats/npy.ts";
import {
  assertSameTree,
  readTree,
  runLottery,
  runTask,
  short,
  withChanges,
} from "../../tasks/lib/task_process.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";

/** Height and width of the examples, which are of 3 classes: 60 for training, 20 for testing. */
export const IMAGE: [number, number] = [6, 4];

/** The bytes of a NumPy file. */
export const npy = (shape: number[], data: NpyData): Uint8Array => encodeNpy({ shape, data });

/** A folder in which tasks are run. */
export class Workplace {
  private constructor(
    /** Holds `data`, the examples, and `done`, the finished experiment. */
    readonly folder: string,
    private readonly flags: string[],
  ) {}

  static async make(): Promise<Workplace> {
    const folder = await Deno.makeTempDir();
    await writePatterns(`${folder}/data`, { imageShape: IMAGE, classes: 3, train: 60, test: 20 });
    const place = new Workplace(
      folder,
      short(
        `--mnist-location=${folder}/data`,
        "--layers=16",
        "--validation-size=20",
        "--iterations=1",
        `--experiment-path=${folder}/done`,
      ),
    );
    await runLottery(...place.flags);
    return place;
  }

  async remove(): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }

  /** The finished experiment's flags with some replaced; its results would go to a new folder. */
  elsewhere(...changes: string[]): string[] {
    return withChanges(this.again(`--experiment-path=${this.folder}/new`), changes);
  }

  /** The finished experiment's flags with some replaced. */
  again(...changes: string[]): string[] {
    return withChanges(this.flags, changes);
  }

  /** Writes files into a new folder; gives its path. */
  async write(name: string, files: Record<string, Uint8Array>): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.mkdir(path);
    for (const [file, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${path}/${file}`, bytes);
    }
    return path;
  }

  /** Asserts that run-lottery refuses these arguments, with one line that matches every pattern. */
  async assertRefused(code: 1 | 2, args: string[], ...patterns: RegExp[]): Promise<void> {
    await this.assertTaskRefuses("run-lottery", code, args, ...patterns);
  }

  /** The same of any task. */
  async assertTaskRefuses(
    task: string,
    code: 1 | 2,
    args: string[],
    ...patterns: RegExp[]
  ): Promise<void> {
    const before = await readTree(this.folder);
    const outcome = await runTask(task, ["--quiet", ...args]);
    const what = `${task} ${args.join(" ")}\n${outcome.stderr}`;
    assertEquals([outcome.code, outcome.stdout], [code, ""], what);
    assertMatch(outcome.stderr, /^error: (?!internal)[^\n]+\n$/, what);
    for (const pattern of patterns) assertMatch(outcome.stderr, pattern, what);
    assertSameTree(await readTree(this.folder), before);
  }
}
