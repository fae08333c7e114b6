/** The layers that run.json holds. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { parseConfig, RUN_FORMAT } from "../../src/runs/schema.ts";
import { modelOf } from "../../src/runs/from_config.ts";
import { trainingText } from "../../src/runs/config.ts";

/** A record with these layers, as JSON has them. */
function recordOf(layers: unknown): Record<string, unknown> {
  return {
    format: RUN_FORMAT,
    id: { kind: "ticket", trial: 1, level: 0, run: 0 },
    network: { layers, initializer: "glorot" },
    training: {
      ...{ seed: 5, trainOrderSeed: null, optimizer: { kind: "sgd", learningRate: 1e-3 } },
      schedule: { kind: "constant", warmup: 0, milestones: [], gamma: 0.1 },
      ...{ batchSize: 60, iterations: 10, validateInterval: 5, testInterval: 5 },
    },
    pruning: null,
    rewind: null,
    dataset: {
      ...{ name: "mnist", trainCount: 60, testCount: 10, shape: [28, 28], classes: 10 },
      ...{ sha256: "", normalization: "unit", validationSize: 0, permuteLabels: false },
    },
    start: { presets: null, masks: null, values: null, signs: null },
  };
}

const parse = (layers: unknown) => parseConfig(recordOf(layers), "run.json").network.layers;
const written = (notation: string) =>
  JSON.parse(JSON.stringify(networkLayers(parseHidden(notation), [28, 28], 10)));

Deno.test("layers are read as they were written, to the byte", () => {
  for (const notation of ["300,100", "conv5x5v:4,pool,conv3x3s2:5,avgpool3,gap,7"]) {
    const layers = written(notation);
    assertEquals(JSON.stringify(parse(layers)), JSON.stringify(layers));
  }
  assertEquals(
    JSON.stringify(parse(written("300")).at(-1)),
    '{"name":"layer1","inputs":300,"units":10,"activation":null,"useBias":true}',
  );
});

Deno.test("layers that no run has are refused in one line", () => {
  const refuses = (change: Record<string, unknown>, l: number, pattern: RegExp) => {
    const layers = written("conv5x5v:4,pool,7");
    Object.assign(layers[l], change);
    const error = assertThrows(() => parse(layers), FormatError);
    assertMatch(error.message, pattern);
    assertEquals(error.message.includes("\n"), false);
  };
  const field = (name: string) => new RegExp(`^run\\.json: network\\.layers\\.${name} is not what`);
  refuses({ kind: "conv3d" }, 0, field("0\\.kind"));
  refuses({ kind: null }, 2, field("2\\.kind"));
  refuses({ kernel: [5] }, 0, field("0\\.kernel\\.1"));
  refuses({ kernel: [5, 0] }, 0, field("0\\.kernel\\.1"));
  refuses({ image: [28, 28] }, 0, field("0\\.image\\.2"));
  refuses({ image: [28, 28, 1, 1] }, 0, field("0\\.image\\.3"));
  refuses({ padding: "full" }, 0, field("0\\.padding"));
  refuses({ filters: 1.5 }, 0, field("0\\.filters"));
  refuses({ units: 3 }, 0, field("0\\.units"));
  refuses({ useBias: true }, 1, field("1\\.useBias"));
  refuses({ size: "2" }, 1, field("1\\.size"));
  refuses({ filters: 3 }, 2, field("2\\.filters"));
  refuses({ units: 0 }, 2, field("2\\.units"));
});

Deno.test("the model of a record has its layers, and the record in words its notation", () => {
  const config = parseConfig(recordOf(written("conv5x5v:4,pool,7")), "run.json");
  const { weights, layers } = modelOf(config, {});
  assertEquals(layers, config.network.layers);
  assertEquals(Object.values(weights).map(({ shape }) => shape), [
    ...[[5, 5, 1, 4], [12 * 12 * 4, 7], [7, 10]],
  ]);
  assertMatch(
    trainingText(config),
    /^10 iterations per run, hidden layers conv5x5v:4-pool-7, sgd/,
  );
});
