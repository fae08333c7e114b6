/**
 * Checks the controls of an experiment's folder with NumPy alone: nothing of the program is used,
 * so that it can be wrong in no way that the check shares.
 */

import { runNumpy } from "../numpy.ts";

const CHECK = `
import json, os, sys
import numpy as np

root, expected = sys.argv[1], json.loads(sys.argv[2])

def load(*parts):
    folder = os.path.join(root, *map(str, parts))
    return {f.removesuffix(".npy"): np.load(os.path.join(folder, f)) for f in sorted(os.listdir(folder)) if f.endswith(".npy")}

checked = 0
for level in expected["levels"]:
    tickets = {t: f"trial{t}/{level}/same_init" for t in expected["trials"]}
    pools = load("weights", level, "initialization")
    for layer, pool in pools.items():
        alive = [load(run, "initial")[layer][load(run, "masks")[layer] == 1] for run in tickets.values()]
        assert pool.ndim == 1 and pool.dtype == "<f4" and (pool == np.concatenate(alive)).all(), f"{level} {layer}"
    seen = {}
    for trial, ticket in tickets.items():
        masks, theirs = load(ticket, "masks"), load(ticket, "initial")
        for kind in ("reinit", "reuse", "reuse_sign"):
            for number in expected["runs"]:
                run = f"trial{trial}/{level}/{kind}{number}"
                mine, final = load(run, "initial"), load(run, "final")
                for layer, mask in load(run, "masks").items():
                    what = f"{run} {layer}"
                    assert (mask == masks[layer]).all(), what
                    live, initial = mask == 1, mine[layer]
                    assert (initial[~live].view("u4") == 0).all() and (final[layer][~live].view("u4") == 0).all(), what
                    assert (final[layer][live] != initial[live]).any(), f"{what}: untrained"
                    drawn = np.isin(initial[live], pools[layer])
                    same_sign = np.sign(initial[live]) == np.sign(theirs[layer][live])
                    if kind == "reinit":
                        assert drawn.mean() < .01, what
                        spread = np.sqrt(2 / sum(mask.shape))
                        if live.sum() > 500: assert abs(initial[live].std() / spread - 1) < .1, what
                    else:
                        assert drawn.all(), what
                    if kind == "reuse_sign": assert same_sign.all(), what
                    elif live.sum() > 500: assert .4 < same_sign.mean() < .6, what
                    # No two controls have the same weights.
                    key = (layer, kind, initial.tobytes())
                    assert key not in seen, f"{what} is {seen.get(key)}"
                    seen[key] = what
                for biases in load(run, "initial_biases").values(): assert (biases == 0).all(), run
                checked += 1
print(checked)
`;

/** Checks all three controls of these trials, levels and runs; gives how many runs they are. */
export async function checkControls(
  folder: string,
  expected: { trials: number[]; levels: number[]; runs: number[] },
): Promise<number> {
  return Number(await runNumpy(CHECK, [folder, JSON.stringify(expected)]));
}
