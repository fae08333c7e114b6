/**
 * Checks every array of an experiment's folder with NumPy alone: nothing of the program is used, so
 * that it can be wrong in no way that the check shares.
 */

import { runNumpy } from "../numpy.ts";

const CHECK = `
import json, math, os, sys
import numpy as np

root, expected = sys.argv[1], json.loads(sys.argv[2])
shapes = {f"layer{i}": shape for i, shape in enumerate(expected["shapes"])}
percents = expected["percents"]

def load(folder, shape_of):
    arrays = {}
    for file in sorted(os.listdir(folder)):
        path = os.path.join(folder, file)
        with open(path, "rb") as stream:
            assert np.lib.format.read_magic(stream) == (1, 0), f"{path}: version"
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            assert dtype.str == "<f4" and not fortran, f"{path}: {dtype.str}, {fortran}"
        array = np.load(path, allow_pickle=False)
        name = file.removesuffix(".npy")
        assert array.shape == shape == shape_of(shapes[name]), f"{path}: {shape}"
        assert np.isfinite(array).all(), f"{path}: not finite"
        arrays[name] = array
    assert sorted(arrays) == sorted(shapes), f"{folder}: {sorted(arrays)}"
    return arrays

def load_run(run):
    weights, biases = (lambda s: tuple(s)), (lambda s: (s[1],))
    part = lambda name, shape_of: load(os.path.join(run, name), shape_of)
    found = {
        "initial": part("initial", weights), "final": part("final", weights),
        "masks": part("masks", weights),
        "initial_biases": part("initial_biases", biases), "final_biases": part("final_biases", biases),
    }
    for layer, mask in found["masks"].items():
        assert np.isin(mask, [0, 1]).all(), f"{run}: a mask holds more than 0 and 1"
        for when in ("initial", "final"):
            gone = found[when][layer][mask == 0]
            assert (gone.view(np.uint32) == 0).all(), f"{run}: {when} {layer} is not 0 where masked"
        live = mask == 1
        assert (found["initial"][layer][live] != found["final"][layer][live]).any(), f"{run}: untrained"
    for layer, biases_ in found["initial_biases"].items():
        assert (biases_ == 0).all(), f"{run}: initial biases"
    return found

live = {}
for trial in sorted(d for d in os.listdir(root) if d.startswith("trial")):
    levels = sorted(map(int, os.listdir(os.path.join(root, trial))))
    assert levels == list(range(expected["levels"] + 1)), f"{trial}: levels {levels}"
    runs = [load_run(os.path.join(root, trial, str(level), "same_init")) for level in levels]
    control = load_run(os.path.join(root, trial, str(levels[-1]), "reinit1"))
    first, last = runs[0], runs[-1]
    assert all((mask == 1).all() for mask in first["masks"].values()), "level 0 is pruned"
    for before, after in zip(runs, runs[1:]):
        for layer, mask in after["masks"].items():
            old = before["masks"][layer]
            assert (mask <= old).all(), f"{trial}: a mask of {layer} grew"
            count = int(old.sum())
            pruned = math.floor(percents[layer] * count + 0.5)
            assert int(mask.sum()) == count - pruned, f"{trial}: {layer} has {mask.sum()} of {count}"
            # The smallest go, of equals those with the lowest index.
            size = np.abs(before["final"][layer]).ravel()
            alive = np.flatnonzero(old.ravel())
            gone = alive[np.argsort(size[alive], kind="stable")[:pruned]]
            assert (mask.ravel()[gone] == 0).all(), f"{trial}: {layer} lost other weights"
            start = np.where(mask == 1, first["initial"][layer], np.float32(0))
            assert (after["initial"][layer] == start).all(), f"{trial}: {layer} is not rewound"
    for layer, mask in control["masks"].items():
        assert (mask == last["masks"][layer]).all(), f"{trial}: the control has other masks"
        kept = mask == 1
        assert (control["initial"][layer][kept] != last["initial"][layer][kept]).mean() > 0.99
    live[trial] = [int(sum(mask.sum() for mask in run["masks"].values())) for run in runs]
print(json.dumps(live))
`;

/** The expected shape of an experiment. */
export interface Expected {
  /** (inputs, units) of each layer. */
  shapes: [number, number][];
  /** Number of the last level. */
  levels: number;
  /** Fraction of live weights that each level prunes, by layer. */
  percents: Record<string, number>;
}

/**
 * Checks all trials of an experiment with a control: types, shapes, masks, rewinding, and that each
 * pruning took the right weights. Gives the live weights of every trial by level.
 */
export async function checkExperiment(
  folder: string,
  expected: Expected,
): Promise<Record<string, number[]>> {
  return JSON.parse(await runNumpy(CHECK, [folder, JSON.stringify(expected)]));
}
