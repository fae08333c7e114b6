/** Flags of each kind, to be parsed by tests. */

import { assert, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import * as kinds from "../../src/flags/kinds.ts";
import { layers } from "../../src/commands/flags/layers_flag.ts";
import * as lists from "../../src/flags/lists.ts";
import { parseFlags } from "../../src/flags/parse.ts";

/** Of each of them. */
export const help = "for tests";
/** A flag of each kind. */
export const flags = {
  outputDir: kinds.path({ help }),
  name: kinds.string({ help, default: "n" }),
  seed: kinds.integer({ help, min: 0, max: 10, default: 3 }),
  any: kinds.integer({ help }),
  replicas: kinds.orAuto(kinds.integer({ help, min: 1 })),
  rate: kinds.number({ help, above: 0, max: 1 }),
  protocol: kinds.choice({ help, choices: ["quick", "paper"], default: "quick" }),
  json: kinds.boolean({ help }),
  control: kinds.boolean({ help, default: true }),
  trials: lists.intRanges({ help, min: 1, max: 100 }),
  trainingLen: lists.length({ help }),
  prunePercents: lists.percents({ help }),
  layers: layers({ help, default: [300, 100] }),
  masks: lists.list({ help }),
};

/** Asserts that arguments are refused in one line with these words. */
export function refuses(args: string[], ...mentions: string[]) {
  const error = assertThrows(() => parseFlags(args, flags), UsageError);
  for (const mention of mentions) assertStringIncludes(error.message, mention);
  assert(!/[\n\r]/.test(error.message), "the message has one line");
}
