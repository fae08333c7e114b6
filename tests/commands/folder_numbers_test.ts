import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { numberIn } from "../../src/commands/flags/folder_numbers.ts";

const numbers = (folder: string) =>
  (["trial", "level", "run"] as const).map((what) => numberIn(folder, what));

Deno.test("folders of the original's form say trial, level and run; others say nothing", () => {
  for (
    const [folder, ...expected] of [
      ["results/trial3", 3],
      ["results/trial20/", 20],
      ["/a/trial1/b/trial7/0", 7, 0],
      ["x/trial3/12/reinit2", 3, 12, 2],
      ["./trial3/./2/other_reuse_sign10", 3, 2, 10],
      ["trial3/2/random_sparsity_same_init4", 3, 2, 4],
      ["results/reuse5", undefined, undefined, 5],
      ["results/5/same_init"],
      ["trial3/0/rewind_point", 3, 0],
      ["trial3/2/scores", 3, 2],
      ["my-trial3/trials4/trial"],
      ["results/reinit-v2"],
      [""],
    ] as const
  ) {
    assertEquals(numbers(folder), [expected[0], expected[1], expected[2]], folder);
  }
});

Deno.test("numbers that no trial or run has are refused, naming the flag", () => {
  for (
    const [folder, message] of [
      ["a/trial0", '--output-dir "a/trial0" names trial 0, not one from 1 to 1000: give --trials'],
      ["a/trial99999", "names trial 99999, not one from 1 to 1000: give --trials"],
      ["trial1/1001/x", "names level 1001, not one from 0 to 1000: give --levels"],
      ["trial1/1/reinit0", "names run 0, not one from 1 to 100000: give --runs"],
    ]
  ) assertThrows(() => numbers(folder), UsageError, message);
});
