import { assertEquals } from "@std/assert";
import { ticketText } from "../../src/runs/config.ts";
import type { RunConfig } from "../../src/runs/schema.ts";

Deno.test("how tickets are pruned and rewound, where it is not as in the paper", () => {
  const pruning = { criterion: "magnitude", scope: "layer", percents: {}, oneShot: false } as const;
  const rewind = { to: "0", survivors: "rewind" } as const;
  const cases: [Partial<RunConfig>, string | null][] = [
    [{}, null],
    [{ pruning: null, rewind: null }, null],
    [
      { pruning: { ...pruning, criterion: "snip", scope: "global", at: "init" } },
      "Tickets: by snip, before training, over all layers",
    ],
    [
      { rewind: { to: "500", survivors: "constant", iterations: 1 } },
      "Tickets: rewound to 500, survivors: constant, 1 iteration per level",
    ],
    [
      { rewind: { ...rewind, to: "final", rate: "last" }, prunedWeights: "initial" },
      "Tickets: weights stay as trained, the learning rate its last, pruned weights keep their " +
      "initial values",
    ],
    [
      { pruning: { ...pruning, dynamic: { rule: "gmp", interval: 100 } } },
      "Tickets: masks change by gmp every 100 iterations",
    ],
  ];
  for (const [changes, text] of cases) {
    assertEquals(ticketText({ pruning, rewind, ...changes }), text);
  }
});
