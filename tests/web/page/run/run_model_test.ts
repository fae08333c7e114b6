import { assertEquals } from "@std/assert";
import type { ExperimentView } from "../../../../src/web/messages.ts";
import { RunModel } from "../../../../src/web/page/run/run_model.ts";

Deno.test("a stored run's axis reaches its last iteration", () => {
  const folder = "results/x/trial1/0/same_init";
  const model = RunModel.of({
    path: "results/x",
    runs: [{ kind: "ticket", trial: 1, level: 0, run: 0, folder }],
    pixelMaps: [],
    settings: [],
  } as unknown as ExperimentView);
  assertEquals(model.missingCurves, [folder]);
  const train = Array.from({ length: 300 }, (_, i) => ({ iteration: i, loss: 1, accuracy: 0 }));
  model.addStored(folder, { train, validate: [], test: [] });
  assertEquals([model.iterations, model.missingCurves], [300, []]);
});
