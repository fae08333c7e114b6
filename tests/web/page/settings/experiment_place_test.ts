import { assertEquals } from "@std/assert";
import { runFlags } from "../../../../src/commands/flags/run_flags.ts";
import type { ExperimentEntry } from "../../../../src/web/messages.ts";
import { placedArgs } from "../../../../src/web/page/settings/experiment_place.ts";
import { resolveProtocol } from "../../../../src/commands/flags/resolve_protocol.ts";
import { parseFlags } from "../../../../src/flags/parse.ts";

function settings(...args: string[]) {
  const values = parseFlags(args, runFlags);
  return { values, protocol: resolveProtocol(values), args };
}

function entry(path: string, ...args: string[]): ExperimentEntry {
  const asked = [{ task: "run-lottery" as const, args, since: "", state: "finished" as const }];
  const rest = { runsTotal: 1, isUnfinished: false, inUse: null, settings: [] };
  return { path, request: args.length > 0 ? asked : [], runsFinished: 1, ...rest };
}

const DIGITS = "--dataset=synthetic-digits", USUAL = "results/synthetic-digits-quick";

Deno.test("an experiment goes to its usual folder, or to its own, or to the next that is free", () => {
  const asked = settings(DIGITS, "--seed=1");
  assertEquals(placedArgs(asked, [], false), asked.args);
  assertEquals(placedArgs(asked, [entry(USUAL, ...asked.args)], false), asked.args);
  const beside = [...asked.args, `--experiment-path=${USUAL}-2`];
  assertEquals(placedArgs(asked, [entry(USUAL, DIGITS)], false), beside);
  assertEquals(placedArgs(asked, [entry(USUAL), entry(`${USUAL}-2`, ...beside)], false), beside);
  assertEquals(
    placedArgs(asked, [entry(USUAL), entry(`${USUAL}-2`)], false).at(-1),
    `--experiment-path=${USUAL}-3`,
  );
});

Deno.test("a folder that is named stays, and auto is what is here", () => {
  const named = settings(DIGITS, "--experiment-path=results/mine");
  assertEquals(placedArgs(named, [entry("results/mine")], false), named.args);
  const auto = settings("--seed=3");
  assertEquals(placedArgs(auto, [entry(USUAL)], true), auto.args);
  assertEquals(placedArgs(auto, [entry(USUAL)], false).at(-1), `--experiment-path=${USUAL}-2`);
});
